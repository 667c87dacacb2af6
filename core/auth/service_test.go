package auth

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"vpm/core"
	"vpm/core/store"
	"vpm/scripts/lab"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code core.Code) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("the error is %v; want one of code %q", err, code)
	}
}

const password = "correct horse"

// fixture is a service on an empty SQLite database with the administrator ann.
type fixture struct {
	*Service
	options store.Options
	slept   []time.Duration
}

func newService(t *testing.T) *fixture {
	t.Helper()
	o := store.Options{SQLite: filepath.Join(t.TempDir(), "vpm.sqlite")}
	must(t, store.CreateSQLite(t.Context(), o.SQLite))
	return serviceOn(t, o)
}

func serviceOn(t *testing.T, o store.Options) *fixture {
	t.Helper()
	db := open(t, o)
	_, err := db.Migrate(t.Context())
	must(t, err)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	must(t, db.CreateFirstAdmin(t.Context(), "ann", string(hash), core.Event{Action: core.ActionSetup}))
	f := &fixture{options: o}
	f.Service = &Service{Store: db, TTL: time.Hour, Sleep: func(_ context.Context, d time.Duration) { f.slept = append(f.slept, d) }}
	return f
}

func open(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(o)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestLoginSessionLogout(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g, err := s.Login(t.Context(), "192.0.2.1", "ann", password)
	must(t, err)
	if len(g.Token) != 64 || g.User.Username != "ann" || g.User.Role != core.RoleAdmin || g.ExpiresAt == "" {
		t.Errorf("the grant is %+v", g)
	}
	session, err := s.Session(t.Context(), g.Token)
	must(t, err)
	if session.User.ID != g.User.ID || session.Key != digest(g.Token) || session.Key == g.Token {
		t.Errorf("the session is %+v", session)
	}
	// What is stored opens nothing, and neither does anything like the token.
	for _, token := range []string{session.Key, strings.ToUpper(session.Key), "Sha256:" + session.Key[7:], session.Key[7:],
		strings.ToUpper(g.Token), g.Token + " ", " " + g.Token, g.Token + "\t", g.Token[:63], "", strings.Repeat("a", 513), "a\x00b", "ä"} {
		_, err := s.Session(t.Context(), token)
		wantCode(t, err, core.CodeUnauthenticated)
	}
	other, err := s.Login(t.Context(), "192.0.2.1", "ann", password)
	must(t, err)
	must(t, s.Logout(t.Context(), session))
	_, err = s.Session(t.Context(), g.Token)
	wantCode(t, err, core.CodeUnauthenticated)
	_, err = s.Session(t.Context(), other.Token)
	must(t, err)
}

// TestTokensOfPHPCodeAreAccepted as they are, being stored bare.
func TestTokensOfPHPCodeAreAccepted(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, token := range []string{strings.Repeat("0123456789abcdef", 4), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9.c2lnbmF0dXJl-_", strings.Repeat("j", 512)} {
		_, err := s.Store.CreateSession(t.Context(), 1, token, time.Hour)
		must(t, err)
		session, err := s.Session(t.Context(), token)
		if err != nil || session.Key != token {
			t.Errorf("the session of %q is %+v, %v", token, session, err)
		}
		_, err = s.Session(t.Context(), strings.ToUpper(token))
		wantCode(t, err, core.CodeUnauthenticated)
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.TTL = 0
	g, err := s.Login(t.Context(), "192.0.2.1", "ann", password)
	must(t, err)
	_, err = s.Session(t.Context(), g.Token)
	wantCode(t, err, core.CodeUnauthenticated)
}

func TestFiveFailuresFromOneAddress(t *testing.T) {
	t.Parallel()
	s := newService(t)
	login := func(address, name, password string, want core.Code) {
		t.Helper()
		_, err := s.Login(t.Context(), address, name, password)
		wantCode(t, err, want)
	}
	for i := range perAddress {
		login("192.0.2.1", fmt.Sprint("user", i), "wrong", core.CodeUnauthenticated)
	}
	for range 3 {
		login("192.0.2.1", "ann", password, core.CodeThrottled)
	}
	login("::ffff:192.0.2.1", "ann", password, core.CodeThrottled) // the same address
	login("192.0.2.2", "ann", password, "")

	// One customer has a whole IPv6 network.
	for i := range perAddress {
		login(fmt.Sprintf("2001:db8:0:1::%x", i), "ann", "wrong", core.CodeUnauthenticated)
	}
	login("2001:db8:0:1:ffff::1", "ann", password, core.CodeThrottled)
	login("2001:db8:0:2::1", "ann", password, "")
}

func TestSuccessForgivesOwnFailures(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for range 3 {
		for range perAddress - 1 {
			_, err := s.Login(t.Context(), "192.0.2.1", "ann", "wrong")
			wantCode(t, err, core.CodeUnauthenticated)
		}
		_, err := s.Login(t.Context(), "192.0.2.1", "ann", password)
		must(t, err)
	}
	// Somebody with an account of their own does not thereby get more guesses at another's.
	for range perAddress - 1 {
		_, err := s.Login(t.Context(), "192.0.2.3", "bob", "wrong")
		wantCode(t, err, core.CodeUnauthenticated)
	}
	_, err := s.Login(t.Context(), "192.0.2.3", "ann", password)
	must(t, err)
	_, err = s.Login(t.Context(), "192.0.2.3", "bob", "wrong")
	wantCode(t, err, core.CodeUnauthenticated)
	_, err = s.Login(t.Context(), "192.0.2.3", "bob", "wrong")
	wantCode(t, err, core.CodeThrottled)
}

// TestManyFailuresForOneNameDelayItOnly, however many addresses they come from.
func TestManyFailuresForOneNameDelayItOnly(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 20 {
		_, err := s.Login(t.Context(), fmt.Sprint("192.0.2.", i), "ann", "wrong")
		wantCode(t, err, core.CodeUnauthenticated)
	}
	if len(s.slept) != 20-1-perUsername || s.slept[0] != delayPerExcess || s.slept[1] != 2*delayPerExcess {
		t.Errorf("the delays are %v", s.slept)
	}
	_, err := s.Login(t.Context(), "198.51.100.1", "ann", password)
	must(t, err)
	if last := s.slept[len(s.slept)-1]; last != longestDelay {
		t.Errorf("the owner waits %s; want %s", last, longestDelay)
	}
	s.slept = nil
	_, err = s.Login(t.Context(), "198.51.100.1", "bob", "wrong")
	wantCode(t, err, core.CodeUnauthenticated)
	if s.slept != nil {
		t.Errorf("another name waits %v", s.slept)
	}
}

// TestSleepEndsWithTheRequest: a request that was given up is not held any longer.
func TestSleepEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	Sleep(ctx, time.Hour) // or the test runs into its limit
}

// TestManyGuessesAtOnce come from several processes' worth of connections. Each guess is recorded before its
// password is looked at and counts itself and those before it, so SQLite lets exactly five through; in MySQL
// each other process may have one recorded that is not visible yet, and let one more through.
func TestManyGuessesAtOnce(t *testing.T) {
	t.Parallel()
	d := lab.NewMariaDB(t).NewDatabase(t)
	const processes, each = 4, 6
	for name, c := range map[string]struct {
		s     *fixture
		extra int
	}{
		"sqlite":  {newService(t), 0},
		"mariadb": {serviceOn(t, store.Options{MySQL: store.MySQL{Socket: d.Socket, Database: d.Name, User: d.User, Password: d.Password}}), processes - 1},
	} {
		results := make(chan error)
		for range processes {
			s := &Service{Store: open(t, c.s.options), TTL: time.Hour, Sleep: func(context.Context, time.Duration) {}}
			go func() {
				for range each {
					_, err := s.Login(t.Context(), "192.0.2.1", "ann", "wrong")
					results <- err
				}
			}()
		}
		looked := 0
		for range processes * each {
			switch err := <-results; core.CodeOf(err) {
			case core.CodeUnauthenticated:
				looked++
			case core.CodeThrottled:
			default:
				t.Errorf("%s: %v", name, err)
			}
		}
		if looked < perAddress || looked > perAddress+c.extra {
			t.Errorf("%s: %d guesses were looked at; want %d and at most %d more", name, looked, perAddress, c.extra)
		}
		_, err := c.s.Login(t.Context(), "192.0.2.1", "ann", password)
		wantCode(t, err, core.CodeThrottled)
	}
}

// people is a store that knows the login it is told.
type people struct {
	core.AccountStore
	login core.Login
}

func (p people) BeginAttempt(context.Context, string, string, time.Duration) (core.Attempt, error) {
	return core.Attempt{FromAddress: 1, ForUsername: 1}, nil
}

func (p people) Login(context.Context, string) (core.Login, error) { return p.login, nil }

// TestEveryFailedLoginTakesAsLong: whoever is asked for, the work is that of one comparison at the highest cost of all
// users. It counts in a package variable and so runs alone.
func TestEveryFailedLoginTakesAsLong(t *testing.T) {
	cheap, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	dear, err := bcrypt.GenerateFromPassword([]byte(password), 7)
	must(t, err)
	work := 0
	compare = func(hash, password []byte) error {
		if c, err := bcrypt.Cost(hash); err == nil {
			work += 1 << c
		}
		return bcrypt.CompareHashAndPassword(hash, password)
	}
	defer func() { compare = bcrypt.CompareHashAndPassword }()
	for name, c := range map[string]struct {
		login core.Login
		cost  int
	}{
		"wrong password":                {core.Login{Known: true, PasswordHash: string(dear), HighestCost: "07"}, 7},
		"wrong password, cheaper hash":  {core.Login{Known: true, PasswordHash: string(cheap), HighestCost: "07"}, 7},
		"unknown user":                  {core.Login{PasswordHash: string(cheap), HighestCost: "07"}, 7},
		"no user at all":                {core.Login{}, 10},
		"another kind of hash":          {core.Login{Known: true, PasswordHash: "5ebe2294ecd0e0f08eab7690d2a6ee69", HighestCost: "11"}, 11},
		"another kind of hash for each": {core.Login{Known: true, PasswordHash: "5ebe2294ecd0e0f08eab7690d2a6ee69"}, 10},
	} {
		typed := "wrong"
		if !c.login.Known {
			typed = password // of the user whose row stands in
		}
		work = 0
		_, err := (&Service{Store: people{login: c.login}}).Login(t.Context(), "192.0.2.1", "eve", typed)
		wantCode(t, err, core.CodeUnauthenticated)
		if work != 1<<c.cost || err.Error() != errCredentials().Error() {
			t.Errorf("%s: work of %d, %v; want %d, and the answer of all", name, work, err, 1<<c.cost)
		}
	}
}

// TestStoredFormIsRefused before any database is asked, which may compare without regard to case.
func TestStoredFormIsRefused(t *testing.T) {
	t.Parallel()
	for _, token := range []string{digest("x"), strings.ToUpper(digest("x")), "Sha256:", "sHA256:x"} {
		if forms, err := storedForms(token); core.CodeOf(err) != core.CodeUnauthenticated {
			t.Errorf("%q is looked for as %q, %v", token, forms, err)
		}
	}
	if forms, err := storedForms("sha256"); err != nil || len(forms) != 2 || forms[0] != digest("sha256") || forms[1] != "sha256" {
		t.Errorf("a token is looked for as %q, %v", forms, err)
	}
}
