package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"vpm/core"
	"vpm/core/store"
)

var ann = core.Actor{UserID: 1, Name: "ann", Address: "192.0.2.1"}

// office is a fixture with those who administer, and the database below.
type office struct {
	*fixture
	*People
	db *store.DB
}

func newOffice(t *testing.T) *office {
	t.Helper()
	f := newService(t)
	db := f.Store.(*store.DB)
	f.Tokens = db
	return &office{f, &People{Store: db, Attempts: db, Now: func() time.Time { return time.Unix(1795403510, 0) }}, db}
}

// hire adds a user whose password is that of the tests, with a hash that is cheap to compare.
func (o *office) hire(t *testing.T, name, role string) core.User {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	_, err = o.db.CreatePerson(t.Context(), core.User{Username: name, Role: role}, string(hash), core.Event{Action: core.ActionUser, Result: core.ResultOK})
	must(t, err)
	l, err := o.db.Login(t.Context(), name)
	must(t, err)
	return l.User
}

// enter logs in.
func (o *office) enter(t *testing.T, name, password string) core.Session {
	t.Helper()
	g, err := o.Login(t.Context(), "192.0.2.1", name, password)
	must(t, err)
	s, err := o.Session(t.Context(), g.Token)
	must(t, err)
	return s
}

// reasons are what the history has of people, oldest first.
func (o *office) reasons(t *testing.T) (list []string) {
	t.Helper()
	events, err := o.db.Events(t.Context(), "", 0, 100)
	must(t, err)
	for _, e := range events {
		if e.Action == core.ActionUser && e.Reason != "" {
			list = append(list, e.Actor.Name+" "+e.Reason)
		}
	}
	slices.Reverse(list)
	return list
}

func text(s string) *string { return &s }

func TestNewPeople(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id, err := o.Create(t.Context(), ann, NewPerson{Username: "bob", Password: password, Email: "bob@a.example", Role: core.RoleManager})
	must(t, err)
	s := o.enter(t, "bob", password)
	if u := s.User; u.ID != id || *u.FullName != "bob" || *u.Email != "bob@a.example" || !u.May(core.PermissionManage) || u.Role != core.RoleManager {
		t.Errorf("it is %+v", u)
	}
	_, err = o.Create(t.Context(), ann, NewPerson{Username: "Bob", Password: password, Role: core.RoleViewer})
	wantCode(t, err, core.CodeConflict)
	fine := NewPerson{Username: "eve", Password: password, Role: core.RoleViewer}
	for i, spoil := range []func(*NewPerson){
		func(n *NewPerson) { n.Username = "" },
		func(n *NewPerson) { n.Username = " eve" },
		func(n *NewPerson) { n.Username = "eve\u00a0" },
		func(n *NewPerson) { n.Username = "e\x00ve" },
		func(n *NewPerson) { n.Username = "e\nve" },
		func(n *NewPerson) { n.Username = "e\xffve" },
		func(n *NewPerson) { n.Username = "e\u200bve" }, // which nobody sees
		func(n *NewPerson) { n.Username = "\u202eeve" },
		func(n *NewPerson) { n.Username = "e\u0085ve" },
		func(n *NewPerson) { n.Username = strings.Repeat("ä", 51) },
		func(n *NewPerson) { n.Password = "" },
		func(n *NewPerson) { n.Password = "1234567" },
		func(n *NewPerson) { n.Password = strings.Repeat("x", 73) },
		func(n *NewPerson) { n.FullName = strings.Repeat("ä", 101) },
		func(n *NewPerson) { n.FullName = "a\x1bb" },
		func(n *NewPerson) { n.Email = "eve" },
		func(n *NewPerson) { n.Email = "Eve <eve@a.example>" },
		func(n *NewPerson) { n.Email = "eve@a.example, bob@a.example" },
		func(n *NewPerson) { n.Email = "eve@a.example\r\nBcc: all@a.example" },
		func(n *NewPerson) { n.Email = strings.Repeat("e", 100) + "@a.example" },
		func(n *NewPerson) { n.Role = "" },
		func(n *NewPerson) { n.Role = "Admin" },
		func(n *NewPerson) { n.Role = "root" },
	} {
		n := fine
		spoil(&n)
		if _, err := o.Create(t.Context(), ann, n); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%d: %+v: the error is %v; want invalid", i, n, err)
		}
	}
	for _, name := range []string{"a b", "ä", "eve@a.example", "日本", "' OR 1=1", strings.Repeat("ü", 50)} {
		n := fine
		n.Username, n.FullName = name, strings.Repeat("ü", 100)
		if _, err := o.Create(t.Context(), ann, n); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got := o.reasons(t); len(got) != 7 || got[0] != "ann created bob as manager" {
		t.Errorf("the history is %q", got)
	}
}

func TestPeopleAreChanged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	bob := o.hire(t, "bob", core.RoleViewer)
	root, session := o.enter(t, "ann", password), o.enter(t, "bob", password)
	for i, c := range []struct {
		change   core.PersonChange
		password *string
		code     core.Code
	}{
		{core.PersonChange{Role: text("root")}, nil, core.CodeInvalid},
		{core.PersonChange{Role: text("")}, nil, core.CodeInvalid},
		{core.PersonChange{Email: text("nonsense")}, nil, core.CodeInvalid},
		{core.PersonChange{FullName: text("a\nb")}, nil, core.CodeInvalid},
		{core.PersonChange{FullName: text("Bob")}, text("short"), core.CodeInvalid},
		{core.PersonChange{FullName: text("Bob"), Email: text("")}, nil, ""},
	} {
		if err := o.Update(t.Context(), root, ann, bob.ID, c.change, c.password); core.CodeOf(err) != c.code {
			t.Errorf("%d: %v; want %q", i, err, c.code)
		}
	}
	if l, err := o.db.Login(t.Context(), "bob"); err != nil || l.User.FullName == nil || *l.User.FullName != "Bob" || l.User.Role != core.RoleViewer {
		t.Errorf("it is %+v, %v", l.User, err)
	}
	_, err := o.db.Session(t.Context(), session.Key)
	must(t, err)
	const fresh = "another password"
	no := false
	must(t, o.Update(t.Context(), root, ann, bob.ID, core.PersonChange{}, text(fresh)))
	_, err = o.db.Session(t.Context(), session.Key)
	wantCode(t, err, core.CodeUnauthenticated)
	_, err = o.Login(t.Context(), "192.0.2.2", "bob", password)
	wantCode(t, err, core.CodeUnauthenticated)
	o.enter(t, "bob", fresh)
	must(t, o.Update(t.Context(), root, ann, bob.ID, core.PersonChange{Active: &no}, nil))
	_, err = o.Login(t.Context(), "192.0.2.2", "bob", fresh)
	wantCode(t, err, core.CodeUnauthenticated)
	wantCode(t, o.Update(t.Context(), root, ann, root.User.ID, core.PersonChange{Active: &no}, nil), core.CodeConflict)
	must(t, o.Update(t.Context(), root, ann, root.User.ID, core.PersonChange{}, text(fresh))) // one's own session stays
	_, err = o.db.Session(t.Context(), root.Key)
	must(t, err)
	want := []string{"ann changed user #2, details", "ann changed user #2, password", "ann changed user #2, may not log in", "ann changed user #1, password"}
	if got := o.reasons(t); !slices.Equal(got, want) {
		t.Errorf("the history is %q; want %q", got, want)
	}
}

// TestOwnPassword needs the old one, of which a few are tried only: by user, wherever the session came from.
func TestOwnPassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	// The names begin alike for longer than a name may be cut to.
	name := strings.Repeat("x", 45)
	o.hire(t, name+"1", core.RoleViewer)
	o.hire(t, name+"2", core.RoleViewer)
	one, two, other := o.enter(t, name+"1", password), o.enter(t, name+"1", password), o.enter(t, name+"2", password)
	try := func(s core.Session, address, old, fresh string, want core.Code) {
		t.Helper()
		err := o.ChangePassword(t.Context(), s, core.Actor{UserID: s.User.ID, Name: s.User.Username, Address: address}, old, fresh)
		wantCode(t, err, want)
		if e, ok := err.(*core.Error); want == core.CodeThrottled && (!ok || e.RetryAfter != core.AttemptWindow) {
			t.Errorf("the advice is %v", err)
		}
	}
	const fresh = "another password"
	for range core.PasswordTries - 1 {
		try(one, "192.0.2.1", "wrong", fresh, core.CodeInvalid)
	}
	try(one, "192.0.2.1", password, "short", core.CodeInvalid) // and the failures before are forgiven
	for i := range core.PasswordTries {
		try([]core.Session{one, two}[i%2], fmt.Sprint("192.0.2.", i), "wrong", fresh, core.CodeInvalid)
	}
	for range 2 {
		try(two, "198.51.100.1", password, fresh, core.CodeThrottled)
	}
	try(other, "192.0.2.1", password, fresh, "") // another user may
	_, err := o.Login(t.Context(), "192.0.2.1", name+"1", password)
	must(t, err) // logging in is another matter
	_, err = o.db.Session(t.Context(), other.Key)
	must(t, err)

	// Who asks while it is refused does not put off the end of it.
	a, err := o.db.BeginAttempt(t.Context(), fmt.Sprint("password of user ", one.User.ID), "", core.AttemptWindow)
	if err != nil || a.FromAddress != core.PasswordTries+1 {
		t.Errorf("recorded are %+v, %v; want the %d failures and this one", a, err, core.PasswordTries)
	}
}

func TestOwnPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	here, elsewhere := o.enter(t, "ann", password), o.enter(t, "ann", password)
	must(t, o.ChangePassword(t.Context(), here, ann, password, "another password"))
	_, err := o.db.Session(t.Context(), here.Key)
	must(t, err)
	_, err = o.db.Session(t.Context(), elsewhere.Key)
	wantCode(t, err, core.CodeUnauthenticated)
	o.enter(t, "ann", "another password")
	if got := o.reasons(t); fmt.Sprint(got) != "[ann changed user #1, password]" {
		t.Errorf("the history is %q", got)
	}
	no := false
	o.hire(t, "root", core.RoleAdmin)
	must(t, o.Update(t.Context(), core.Session{}, ann, here.User.ID, core.PersonChange{Active: &no}, nil))
	wantCode(t, o.ChangePassword(t.Context(), here, ann, "another password", password), core.CodeNotFound)
}

func TestSessionsOfOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire(t, "bob", core.RoleManager)
	root, bob, again := o.enter(t, "ann", password), o.enter(t, "bob", password), o.enter(t, "bob", password)
	all, err := o.db.Sessions(t.Context(), 0, "")
	must(t, err)
	of := map[string]int64{again.Key: all[0].ID, bob.Key: all[1].ID, root.Key: all[2].ID}
	program := core.Session{User: core.User{Username: "token x", Permissions: []core.Permission{core.PermissionAll}}}
	wantCode(t, o.EndSession(t.Context(), program, ann, of[bob.Key]), core.CodeForbidden)
	wantCode(t, o.EndSession(t.Context(), bob, ann, of[root.Key]), core.CodeNotFound)
	wantCode(t, o.EndSession(t.Context(), bob, ann, 0), core.CodeNotFound)
	must(t, o.EndSession(t.Context(), bob, ann, of[again.Key]))
	must(t, o.EndSession(t.Context(), root, ann, of[bob.Key]))
	must(t, o.EndSession(t.Context(), root, ann, of[root.Key])) // which is to log out
	for _, s := range []core.Session{root, bob, again} {
		_, err := o.db.Session(context.Background(), s.Key)
		wantCode(t, err, core.CodeUnauthenticated)
	}
	if got := o.reasons(t); len(got) != 3 || got[0] != "ann ended a session" {
		t.Errorf("the history is %q", got)
	}
}
