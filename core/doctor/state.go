package doctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/config"
)

// database also writes: one that can only be read, or is full, answers everything but changes.
func (p *Panel) database(ctx context.Context) Finding {
	const fix = "see whether its disk or quota is full, and whether its user may write all tables of vpm"
	if p.readErr != nil {
		return Failed("see the database's log", "%s", core.Sentence(p.readErr))
	}
	began, name := p.Now(), rand.Text()
	if _, err := p.DB.Lease(ctx, "doctor", name, began, began.Add(time.Minute)); err != nil {
		return Failed(fix, "the database can be read and not written: %s", core.Sentence(err))
	}
	took := p.Now().Sub(began)
	if err := p.DB.Release(ctx, "doctor", name); err != nil {
		return Failed(fix, "the database can be read and not written: %s", core.Sentence(err))
	}
	kind := "the MySQL database"
	if p.Config.DBDriver == config.SQLite {
		kind = "the embedded database " + p.Config.SQLitePath()
	}
	return OK("%s can be read and written; a change took %.1f ms", kind, float64(took.Microseconds())/1000)
}

// farOff is how far clocks may be apart: sessions end by the database's, and stops by this machine's.
const farOff = 10 * time.Second

func (p *Panel) clock(ctx context.Context) Finding {
	if p.Config.DBDriver == config.SQLite {
		return Skipped("the embedded database has no clock of its own")
	}
	began := p.Now()
	theirs, err := p.DB.Clock(ctx)
	if err != nil {
		return Unknown("", "%s", core.Sentence(err))
	}
	took := p.Now().Sub(began)
	ahead := theirs.Sub(began.Add(took / 2))
	if ahead.Abs() > farOff+took {
		return Warning("set the clocks of both machines, as by NTP", "the clock of the database is %s", apart(ahead))
	}
	return OK("the clocks of the database and this machine agree")
}

func apart(ahead time.Duration) string {
	if ahead < 0 {
		return fmt.Sprintf("%d s behind this machine's", int(-ahead.Seconds()))
	}
	return fmt.Sprintf("%d s ahead of this machine's", int(ahead.Seconds()))
}

// tickLate is after how long without a tick something is wrong: cron calls it every few minutes.
const tickLate = 20 * time.Minute

func (p *Panel) tick(ctx context.Context) Finding {
	if p.readErr != nil || len(p.records) == 0 {
		return Skipped("there are no instances that a tick would come to")
	}
	fix := fmt.Sprintf("have cron call it, with an API token that may run the tick: */5 * * * * curl -fsS '%s/tick.php?token=TOKEN' >/dev/null",
		cmp.Or(p.API, "https://your.site/api"))
	if p.Server {
		fix = "see journalctl -u vpm.service: the server makes the ticks itself"
	}
	last, err := p.DB.LastSeen(ctx)
	if err != nil {
		return Unknown("", "%s", core.Sentence(err))
	}
	young := !slices.ContainsFunc(p.records, func(r core.Record) bool { return age(r) >= tickLate })
	switch {
	case last.IsZero() && young:
		return OK("no tick has come yet to the instances, which are new")
	case last.IsZero():
		return Warning(fix, "no tick has ever come to the instances: nothing is measured, nobody is alerted")
	case p.Now().Sub(last) > tickLate:
		return Warning(fix, "the last tick was %s ago", p.Now().Sub(last).Round(time.Minute))
	}
	return OK("the last tick was %s ago", p.Now().Sub(last).Round(time.Second))
}

// age is how long an instance is registered; both times are the database's.
func age(r core.Record) time.Duration {
	created, err := time.Parse(time.DateTime, string(r.Instance.CreatedAt))
	now, nowErr := time.Parse(time.DateTime, string(r.ReadAt))
	if err != nil || nowErr != nil {
		return 0
	}
	return now.Sub(created)
}

func (p *Panel) alerts(ctx context.Context) Finding {
	switch {
	case len(p.AlertWarnings) > 0:
		return Warning("mend the setting", "%s", strings.Join(p.AlertWarnings, "; "))
	case len(p.Channels) == 0:
		return Skipped("nobody is alerted: VPM_ALERT_MAIL_TO and VPM_ALERT_WEBHOOK are not set")
	}
	waiting, reason, err := p.DB.Undelivered(ctx)
	switch {
	case err != nil:
		return Unknown("", "%s", core.Sentence(err))
	case reason != "":
		return Warning("mend that; vpm tries again with each tick", "%d alerts wait, and the last attempt to send one failed: %s", waiting, reason)
	}
	return OK("alerts go out by %s", strings.Join(p.Channels, " and "))
}

func (p *Panel) people(ctx context.Context) Finding {
	shut, admins, err := p.DB.WithoutPassword(ctx)
	switch {
	case err != nil:
		return Unknown("", "%s", core.Sentence(err))
	case admins == 0:
		return Failed("set a password at /vpm/#/reset", "no administrator can log in")
	case len(shut) > 0:
		return Warning("set a password, or disable the user", "active users without a password that can be used: %s", some(shut))
	}
	return OK("every active user has a password; %d may do everything", admins)
}

// unusedFor is after how long a token that may change something is a risk that nobody needs.
const unusedFor = 365 * 24 * time.Hour

func (p *Panel) tokens(ctx context.Context) Finding {
	list, err := p.DB.Tokens(ctx)
	if err != nil {
		return Unknown("", "%s", core.Sentence(err))
	}
	var unused []string
	for _, t := range list {
		last := t.LastUsedAt
		if last.IsZero() {
			last = t.CreatedAt
		}
		if p.Now().Sub(last) > unusedFor {
			unused = append(unused, t.Name)
		}
	}
	if len(unused) > 0 {
		return Warning("revoke them", "API tokens that nobody has used for a year: %s", some(unused))
	}
	return OK("there are %d API tokens, and none that nobody uses", len(list))
}

// instances looks for directories that are gone. One that may not be looked at, as another user's, is not.
func (p *Panel) instances(ctx context.Context) Finding {
	if p.readErr != nil {
		return Unknown("", "%s", core.Sentence(p.readErr))
	}
	var gone []string
	for _, r := range p.records {
		if ctx.Err() != nil {
			return Unknown("", "looking at the directories of %d instances took too long", len(p.records))
		}
		dir := r.Instance.Docroot(p.Config.InstancesDir)
		if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			gone = append(gone, fmt.Sprintf("%s (%s)", r.Instance.InstanceID, dir))
		}
	}
	if len(gone) > 0 {
		return Warning("correct the directory in the instance's settings, or delete the instance",
			"instances whose directory is missing: %s", some(gone))
	}
	return OK("the directories of all %d instances are there", len(p.records))
}

// gates lists what was seen and is not as it was wanted.
func (p *Panel) gates(context.Context) Finding {
	if p.readErr != nil {
		return Unknown("", "%s", core.Sentence(p.readErr))
	}
	var drift []string
	for _, r := range p.records {
		r = r.AsOf(p.Now())
		e, wanted := r.Gate.Evidence, r.Wanted(p.Now())
		if !e.At.IsZero() && e.Observed != core.ObservedUnknown && e.Observed != wanted {
			drift = append(drift, fmt.Sprintf("%s (wanted %s, seen %s)", r.Instance.InstanceID, wanted, e.Observed))
		}
	}
	if len(drift) > 0 {
		return Warning("see what else writes to the site's .htaccess, then start or stop it once more",
			"instances that are not as they are wanted, though vpm has put them right: %s", some(drift))
	}
	return OK("no instance was seen otherwise than it is wanted")
}
