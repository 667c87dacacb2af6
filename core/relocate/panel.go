package relocate

import (
	"context"
	"fmt"
	"os"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
)

// panel opens the panel's database, where the settings as they are to be have it.
func (p *Plan) panel() (*store.DB, error) {
	c := p.account.moved()
	if c.DBDriver == config.SQLite {
		if _, err := os.Stat(c.SQLitePath()); err != nil {
			return nil, core.Errorf(core.CodeNotFound, "cannot find the panel's database: there is no %s; restore it, or name where the account was with --was", c.SQLitePath())
		}
		return store.Open(store.Options{SQLite: c.SQLitePath()})
	}
	return store.Open(store.Options{MySQL: store.MySQL{Host: c.DBHost, Port: c.DBPort, Socket: c.DBSocket, Database: c.DBName, User: c.DBUser, Password: c.DBPassword}})
}

// panelStep has the panel's tables be those of this version, and say where the instances are now.
func (p *Plan) panelStep(ctx context.Context) error {
	what := "put right where the instances are"
	if p.account.was != "" && p.account.was != p.account.home {
		what += ": " + p.account.was + " is " + p.account.home
	}
	st := step{what: what + ", in the panel's database", do: p.putRight}
	if p.awaited[p.account.settings.DBName] {
		p.add(st)
		return nil
	}
	return p.withPanel(func(db *store.DB) error {
		version, err := db.Version(ctx)
		switch {
		case err != nil:
			return err
		case version == 0:
			return core.Errorf(core.CodeConflict, "cannot adopt %s: the database that its settings name has no tables of vpm", p.account.home)
		case version > store.SchemaVersion:
			return core.Errorf(core.CodeConflict, "cannot adopt %s: its tables are of version %d, and this program's of %d; install a newer vpm", p.account.home, version, store.SchemaVersion)
		case version < store.SchemaVersion:
			st.detail = fmt.Sprintf("and bring its tables from version %d to %d\n", version, store.SchemaVersion)
			p.add(st)
			return nil
		}
		records, _, err := db.Records(ctx, core.Query{})
		if err != nil {
			return err
		}
		for _, r := range records {
			in, changed, err := r.Instance.Relocated(p.account.now)
			if err != nil {
				return err
			}
			dir := in.Path(p.account.moved().InstancesDir)
			if changed {
				st.detail += in.InstanceID + ": " + dir + "\n"
			}
			if !exists(dir) {
				p.note("%s is registered with %s, which is not there; restore it, or name where the account was with --was", in.InstanceID, dir)
			}
		}
		if st.detail != "" {
			p.add(st)
		}
		return nil
	})
}

func (p *Plan) withPanel(f func(*store.DB) error) error {
	db, err := p.panel()
	if err != nil {
		return err
	}
	defer db.Close()
	return f(db)
}

func (p *Plan) putRight(ctx context.Context) error {
	return p.withPanel(func(db *store.DB) error {
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
		ids, err := db.Relocate(ctx, core.Event{At: time.Now(), Action: core.ActionUpdate, Actor: core.Actor{Name: "vpm adopt"}, Result: core.ResultOK,
			Reason: core.Cut("the account was moved from "+p.account.was+" to "+p.account.home, core.MaxReason)}, p.account.now)
		for _, id := range ids {
			p.options.Say("  " + id)
		}
		return err
	})
}

// left lists the instances that have no process of their own yet.
func (p *Plan) left(ctx context.Context) (detail string, left bool, err error) {
	if p.awaited[p.account.settings.DBName] {
		return "those that the panel's database has\n", true, nil
	}
	err = p.withPanel(func(db *store.DB) error {
		if version, err := db.Version(ctx); err != nil || version != store.SchemaVersion {
			left = true
			return err
		}
		records, _, err := db.Records(ctx, core.Query{})
		if err != nil {
			return err
		}
		slugs, err := db.Slugs(ctx)
		for _, r := range records {
			if slug := slugs[r.Instance.ID]; slug != "" && p.options.Served(slug) {
				continue
			}
			state := "running"
			if r.Stopped() {
				state = "stopped, and stays so"
			}
			left = true
			detail += fmt.Sprintf("%s (%s)\n", r.Instance.InstanceID, state)
		}
		return err
	})
	return detail, left, err
}
