package auth

import (
	"context"
	"net/netip"
	"time"

	"vpm/core"
)

// The limits on guessing. Failures from one address are refused past a number; failures for one user name
// from everywhere only slow that name down, because anyone could otherwise lock its owner out.
const (
	Window         = 15 * time.Minute
	perAddress     = 5
	perUsername    = 5
	delayPerExcess = 250 * time.Millisecond
	longestDelay   = 2 * time.Second
	// An attempt that is over the limit waits this often and long for those before it to finish.
	finishTries = 5
	finishWait  = 200 * time.Millisecond
)

// Service logs people in and out.
type Service struct {
	Store  core.AccountStore
	Tokens core.TokenStore
	// TTL is how long a session lasts.
	TTL time.Duration
	// Sleep waits, or returns when the context ends.
	Sleep func(ctx context.Context, d time.Duration)
}

// errCredentials is the one answer to every login that fails, so that nobody learns which names exist.
func errCredentials() error { return core.Errorf(core.CodeUnauthenticated, "Invalid credentials") }

// Login checks a password and begins a session. An unknown name takes as long as a wrong password.
func (s *Service) Login(ctx context.Context, address, username, password string) (core.Grant, error) {
	key := ThrottleKey(address)
	a, err := s.Store.BeginAttempt(ctx, key, core.Cut(username, 100), Window)
	if err != nil {
		return core.Grant{}, err
	}
	if a.FromAddress > perAddress {
		if a.FromAddress, err = s.countFailures(ctx, key, a); err != nil {
			return core.Grant{}, err
		}
	}
	if a.FromAddress > perAddress {
		e := core.Errorf(core.CodeThrottled, "Too many failed logins from this address; try again in %d minutes", int(Window.Minutes()))
		e.RetryAfter = Window
		if err := s.Store.CancelAttempt(ctx, a.ID); err != nil {
			return core.Grant{}, err
		}
		return core.Grant{}, e
	}
	if excess := a.ForUsername - 1 - perUsername; excess > 0 {
		s.Sleep(ctx, min(time.Duration(excess)*delayPerExcess, longestDelay))
	}
	l, err := s.Store.Login(ctx, username)
	if err != nil {
		return core.Grant{}, err
	}
	if !l.Known || !checkPassword(l.PasswordHash, password) {
		spend(l, password)
		return core.Grant{}, errCredentials()
	}
	return s.grant(ctx, key, username, l.User)
}

func (s *Service) grant(ctx context.Context, key, username string, u core.User) (core.Grant, error) {
	token, stored := newToken()
	end, err := s.Store.CreateSession(ctx, u.ID, stored, s.TTL)
	if err != nil {
		return core.Grant{}, err
	}
	if err := s.Store.ForgiveAttempts(ctx, key, core.Cut(username, 100)); err != nil {
		return core.Grant{}, err
	}
	return core.Grant{Token: token, User: u, ExpiresAt: end}, nil
}

// countFailures counts anew after others have had time to finish: attempts of logins that work go away, and what
// stays are failures. Many people behind one address may log in at the same moment.
func (s *Service) countFailures(ctx context.Context, key string, a core.Attempt) (n int, err error) {
	for range finishTries {
		s.Sleep(ctx, finishWait)
		if n, err = s.Store.AttemptsBefore(ctx, key, a.ID, Window); err != nil || n <= perAddress {
			return n, err
		}
	}
	return n, nil
}

// Session finds the session of a presented token.
func (s *Service) Session(ctx context.Context, token string) (core.Session, error) {
	if isAPIToken(token) {
		return s.Tokens.TokenSession(ctx, digest(token), time.Now())
	}
	forms, err := storedForms(token)
	if err != nil {
		return core.Session{}, err
	}
	return s.Store.Session(ctx, forms...)
}

// SessionReading finds the session of a presented token, and reads an instance along with it, nil where there is
// none of that id.
func (s *Service) SessionReading(ctx context.Context, token, id string) (core.Session, *core.Record, error) {
	if isAPIToken(token) {
		session, err := s.Session(ctx, token)
		return session, nil, err
	}
	forms, err := storedForms(token)
	if err != nil {
		return core.Session{}, nil, err
	}
	return s.Store.SessionReading(ctx, id, forms...)
}

// Logout ends a session. An API token has none: it is revoked instead.
func (s *Service) Logout(ctx context.Context, session core.Session) error {
	if session.Key == "" {
		return core.Errorf(core.CodeInvalid, "cannot log out an API token: an administrator revokes it")
	}
	return s.Store.DeleteSession(ctx, session.Key)
}

// ThrottleKey is what attempts are counted by: an IPv4 address, or the /64 network of an IPv6 one, which is
// what one customer is given.
func ThrottleKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return core.Cut(address, 45)
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}

// Sleep is a Service's usual way to wait.
func Sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
