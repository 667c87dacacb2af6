package core

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"time"
)

// BypassParameter is the query parameter of a link past the gate, and the cookie that the link sets.
const BypassParameter = "vpm_bypass"

// How long a link past the gate is good for: when nothing is said, and at most.
const (
	DefaultBypass = 24 * time.Hour
	LongestBypass = 30 * 24 * time.Hour
)

// BypassLink lets whoever has it see a stopped site.
type BypassLink struct {
	URL    string // "" where the instance has no address
	Secret string // value of the cookie BypassParameter
	Until  time.Time
}

// Bypass makes a secret link past the gate of a stopped instance. It takes the place of the one before, and ends with
// the stop. An instance that is not stopped is CodeConflict.
func (m *Manager) Bypass(ctx context.Context, by Actor, id string, lasts time.Duration) (BypassLink, Result, error) {
	if lasts < time.Minute || lasts > LongestBypass {
		return BypassLink{}, Result{}, Errorf(CodeInvalid, "cannot make a link that lasts %s: it must be between a minute and 30 days", lasts)
	}
	var secret [32]byte
	rand.Read(secret[:]) // never fails: it ends the program instead
	link := BypassLink{Secret: hex.EncodeToString(secret[:]), Until: m.Now().Add(lasts).Truncate(time.Second)}
	res, err := m.change(ctx, by, id, ActionBypass, "", false, func(r Record) (decision, error) {
		if !r.Stopped() {
			return decision{}, Errorf(CodeConflict, "cannot make a link past the gate: the instance is not stopped")
		}
		link.URL = bypassURL(r.Instance.URL(), link.Secret)
		return decision{kind: ChangeBypass, stop: r.Gate.Stop, bypass: link.Secret, bypassUntil: link.Until}, nil
	})
	return link, res, err
}

func bypassURL(site, secret string) string {
	u, err := url.Parse(site)
	if err != nil || u.Host == "" {
		return ""
	}
	if u.Path == "" {
		u.Path = "/"
	}
	query := u.Query()
	query.Set(BypassParameter, secret)
	u.RawQuery = query.Encode()
	return u.String()
}
