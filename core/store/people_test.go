package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vpm/core"
)

func userEvent(reason string) core.Event {
	e := event("", core.ActionUser, "")
	e.Reason = reason
	return e
}

// person reads one of the list.
func person(t *testing.T, db *DB, id int64) core.Person {
	t.Helper()
	people, err := db.People(t.Context())
	must(t, err)
	i := slices.IndexFunc(people, func(p core.Person) bool { return p.ID == id })
	if i < 0 {
		t.Fatalf("user %d is not among %+v", id, people)
	}
	return people[i]
}

func TestPeopleAreCreatedAndListed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		if people, err := db.People(t.Context()); err != nil || people == nil || len(people) > 0 {
			t.Errorf("of nobody the list is %v, %v", people, err)
		}
		for i, role := range core.Roles {
			u := core.User{Username: "ann" + role, FullName: text("Änn 😀"), Email: text("ann@a.example"), Role: role, Permissions: []core.Permission{"*"}}
			id, err := db.CreatePerson(t.Context(), u, "hash of "+role, userEvent("created"))
			must(t, err)
			p := person(t, db, id)
			if p.Username != u.Username || *p.FullName != *u.FullName || *p.Email != *u.Email || p.Role != role || !p.Active || p.Sessions != 0 ||
				p.CreatedAt == "" || !slices.Equal(p.Permissions, core.DefaultPermissions(role)) {
				t.Errorf("created is %+v", p)
			}
			if l, err := db.Login(t.Context(), u.Username); err != nil || !l.Known || l.User.ID != id || l.PasswordHash != "hash of "+role {
				t.Errorf("the login is %+v, %v", l, err)
			}
			wantValue(t, db, fmt.Sprint(i+1), `SELECT COUNT(*) FROM vpm_events WHERE action = 'user' AND reason = 'created' AND actor = 'ann'`)
		}
		for _, taken := range []string{"annadmin", "ANNadmin"} {
			_, err := db.CreatePerson(t.Context(), core.User{Username: taken, Role: core.RoleViewer}, "h", userEvent("created"))
			wantCode(t, err, core.CodeConflict)
		}
		_, err := db.CreatePerson(t.Context(), core.User{Username: "eve", Role: "root"}, "h", userEvent("created"))
		wantCode(t, err, core.CodeInvalid)
		wantValue(t, db, "3", `SELECT COUNT(*) FROM vpm_events`)
		wantValue(t, db, "3", `SELECT COUNT(*) FROM admin_users`)
	})
}

// TestSessionsEndWithWhatTheyWereBegunWith: what is changed decides whose sessions end, and one may stay.
func TestSessionsEndWithWhatTheyWereBegunWith(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		user(t, db, "root", core.RoleAdmin, "active", nil)
		ann, bob := user(t, db, "ann", core.RoleManager, "active", `["instances.view"]`), user(t, db, "bob", core.RoleViewer, "active", nil)
		yes, no := true, false
		for name, c := range map[string]struct {
			change core.PersonChange
			keep   string
			left   string // of a1, a2 and b
		}{
			"details":         {core.PersonChange{FullName: text("Ann"), Email: text("")}, "", "a1 a2 b"},
			"active already":  {core.PersonChange{Active: &yes}, "", "a1 a2 b"},
			"the same role":   {core.PersonChange{Role: text(core.RoleManager)}, "", "a1 a2 b"},
			"another role":    {core.PersonChange{Role: text(core.RoleViewer)}, "", "b"},
			"password":        {core.PersonChange{PasswordHash: text("new")}, "", "b"},
			"inactive":        {core.PersonChange{Active: &no}, "", "b"},
			"one's own":       {core.PersonChange{PasswordHash: text("new")}, "a2", "a2 b"},
			"by somebody":     {core.PersonChange{PasswordHash: text("new")}, "b", "b"},
			"that is no more": {core.PersonChange{PasswordHash: text("new")}, "a3", "b"},
		} {
			execute(t, db, `DELETE FROM admin_sessions`)
			execute(t, db, `UPDATE admin_users SET status = 'active', role = 'manager', permissions = '["instances.view"]' WHERE id = ?`, ann)
			for key, id := range map[string]int64{"a1": ann, "a2": ann, "b": bob} {
				_, err := db.CreateSession(t.Context(), id, key, time.Hour)
				must(t, err)
			}
			must(t, db.ChangePerson(t.Context(), ann, c.change, c.keep, userEvent(name)))
			var left []string
			for _, key := range []string{"a1", "a2", "b"} {
				if value(t, db, `SELECT COUNT(*) FROM admin_sessions WHERE token = ?`, key) == "1" {
					left = append(left, key)
				}
			}
			if got := strings.Join(left, " "); got != c.left {
				t.Errorf("%s: left are the sessions %s; want %s", name, got, c.left)
			}
			want := []core.Permission{core.PermissionView}
			if c.change.Role != nil {
				if p := person(t, db, ann); p.Role != *c.change.Role || !slices.Equal(p.Permissions, want) {
					t.Errorf("%s: it is %+v", name, p)
				}
			}
			wantValue(t, db, "1", `SELECT COUNT(*) FROM vpm_events WHERE reason = ?`, name)
		}
		wantCode(t, db.ChangePerson(t.Context(), 999, core.PersonChange{FullName: text("x")}, "", userEvent("nobody")), core.CodeNotFound)
		wantValue(t, db, "0", `SELECT COUNT(*) FROM vpm_events WHERE reason = 'nobody'`)
		must(t, db.ChangePerson(t.Context(), bob, core.PersonChange{Role: text(core.RoleAdmin)}, "", userEvent("rises")))
		if p := person(t, db, bob); p.Role != core.RoleAdmin || !slices.Equal(p.Permissions, []core.Permission{"*"}) || p.FullName != nil {
			t.Errorf("bob is %+v", p)
		}
	})
}

func TestLastAdministratorStays(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		root := user(t, db, "root", core.RoleAdmin, "active", nil)
		user(t, db, "all", core.RoleManager, "active", `["*"]`) // may all, and is none
		execute(t, db, `INSERT INTO admin_users (username, password, role, status) VALUES ('asleep', 'h', 'admin', 'inactive')`)
		asleep := person(t, db, root+2)
		yes, no := true, false
		for name, c := range map[string]core.PersonChange{"manager": {Role: text(core.RoleManager)}, "inactive": {Active: &no},
			"both": {Role: text(core.RoleViewer), Active: &yes}, "and more": {FullName: text("changed"), Active: &no}} {
			wantCode(t, db.ChangePerson(t.Context(), root, c, "", userEvent(name)), core.CodeConflict)
		}
		wantValue(t, db, "NULL", `SELECT full_name FROM admin_users WHERE id = ?`, root)
		wantValue(t, db, "0", `SELECT COUNT(*) FROM vpm_events`)
		for _, c := range []core.PersonChange{{Role: text(core.RoleAdmin)}, {Active: &yes}, {FullName: text("Root")}, {PasswordHash: text("h2")}} {
			must(t, db.ChangePerson(t.Context(), root, c, "", userEvent("allowed")))
		}
		must(t, db.ChangePerson(t.Context(), asleep.ID, core.PersonChange{Role: text(core.RoleViewer)}, "", userEvent("not active, so not the last")))
		must(t, db.ChangePerson(t.Context(), asleep.ID, core.PersonChange{Role: text(core.RoleAdmin), Active: &yes}, "", userEvent("another")))
		must(t, db.ChangePerson(t.Context(), root, core.PersonChange{Active: &no}, "", userEvent("leaves")))
		wantCode(t, db.ChangePerson(t.Context(), asleep.ID, core.PersonChange{Active: &no}, "", userEvent("the last one")), core.CodeConflict)
	})
}

// TestAdministratorsLeaveAtOnce: one stays, whoever is first.
func TestAdministratorsLeaveAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		const n = 6
		db := ready(t, o)
		var ids []int64
		var own []*DB
		for i := range n {
			ids, own = append(ids, user(t, db, fmt.Sprint("admin", i), core.RoleAdmin, "active", nil)), append(own, open(t, o))
		}
		no := false
		results := make(chan error, n)
		for i := range n {
			c := core.PersonChange{Active: &no}
			if i%2 == 0 {
				c = core.PersonChange{Role: text(core.RoleManager)}
			}
			go func() { results <- own[i].ChangePerson(t.Context(), ids[i], c, "", userEvent("leaves")) }()
		}
		refused := 0
		for range n {
			switch err := <-results; core.CodeOf(err) {
			case "":
			case core.CodeConflict:
				refused++
			default:
				t.Error(err)
			}
		}
		if refused != 1 {
			t.Errorf("%d of %d were refused", refused, n)
		}
		wantValue(t, db, "1", `SELECT COUNT(*) FROM admin_users WHERE role = 'admin' AND status = 'active'`)
	})
}

// TestTwoAdministratorsLeaveWhileOthersHoldThem lets neither decide by what was before the other. The second row is held
// by somebody else until both are on their way.
func TestTwoAdministratorsLeaveWhileOthersHoldThem(t *testing.T) {
	t.Parallel()
	o := emptyMariaDB(t)
	db := ready(t, o)
	ann, bob := user(t, db, "ann", core.RoleAdmin, "active", nil), user(t, db, "bob", core.RoleAdmin, "active", nil)
	holder, err := open(t, o).sql.BeginTx(t.Context(), nil)
	must(t, err)
	defer holder.Rollback()
	_, err = holder.Exec(`UPDATE admin_users SET email = 'held' WHERE id = ?`, bob)
	must(t, err)
	results := make(chan error, 2)
	for _, id := range []int64{ann, bob} {
		own := open(t, o)
		go func() {
			results <- own.ChangePerson(t.Context(), id, core.PersonChange{Role: text(core.RoleViewer)}, "", userEvent("leaves"))
		}()
	}
	for waiting(t, o)+len(results) < 2 { // the test's own limit ends it
		time.Sleep(time.Millisecond)
	}
	must(t, holder.Commit())
	first, second := <-results, <-results
	if (first == nil) == (second == nil) {
		t.Errorf("they end in %v and %v; want one refused", first, second)
	}
	wantValue(t, db, "1", `SELECT COUNT(*) FROM admin_users WHERE role = 'admin'`)
}

// aReader is whoever reads innodb_trx: InnoDB makes that table anew only for one who comes 0.1 s after the last, so that
// many who ask all the time would see the same for ever.
var aReader sync.Mutex

// waiting is how many transactions on a database of the shared server wait for a lock.
func waiting(t *testing.T, o Options) (n int) {
	t.Helper()
	aReader.Lock()
	defer aReader.Unlock()
	time.Sleep(110 * time.Millisecond)
	out, err := server.Exec(`SELECT COUNT(*) FROM information_schema.innodb_trx x JOIN information_schema.processlist p ON p.id = x.trx_mysql_thread_id
		WHERE x.trx_state = 'LOCK WAIT' AND p.db = '` + o.MySQL.Database + "'")
	must(t, err)
	_, err = fmt.Sscan(out, &n)
	must(t, err)
	return n
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		ann, bob := user(t, db, "ann", core.RoleAdmin, "active", nil), user(t, db, "bob", core.RoleViewer, "active", nil)
		for _, s := range []struct {
			key  string
			user int64
		}{{"old", ann}, {"a1", ann}, {"b1", bob}, {"a2", ann}} {
			_, err := db.CreateSession(t.Context(), s.user, s.key, time.Hour)
			must(t, err)
		}
		execute(t, db, `UPDATE admin_sessions SET expires_at = '2001-01-01 00:00:00' WHERE token = 'old'`)
		told := func(of int64, current string) (lines []string, ids []int64) {
			t.Helper()
			list, err := db.Sessions(t.Context(), of, current)
			must(t, err)
			for _, s := range list {
				if s.CreatedAt == "" || s.ExpiresAt <= s.CreatedAt {
					t.Errorf("a session is from %q to %q", s.CreatedAt, s.ExpiresAt)
				}
				lines, ids = append(lines, fmt.Sprint(s.Username, " ", s.UserID == map[string]int64{"ann": ann, "bob": bob}[s.Username], " ", s.Current)), append(ids, s.ID)
			}
			return lines, ids
		}
		if lines, _ := told(0, "a1"); fmt.Sprint(lines) != "[ann true false bob true false ann true true]" {
			t.Errorf("of all they are %v", lines)
		}
		if lines, _ := told(0, ""); fmt.Sprint(lines) != "[ann true false bob true false ann true false]" {
			t.Errorf("for a program they are %v", lines)
		}
		lines, ids := told(ann, "a2")
		if fmt.Sprint(lines) != "[ann true true ann true false]" {
			t.Errorf("of ann they are %v", lines)
		}
		if p := person(t, db, ann); p.Sessions != 2 {
			t.Errorf("ann has %d sessions", p.Sessions)
		}
		wantCode(t, db.EndSession(t.Context(), ids[1], bob, userEvent("ended")), core.CodeNotFound)
		wantCode(t, db.EndSession(t.Context(), 999, 0, userEvent("ended")), core.CodeNotFound)
		wantValue(t, db, "0", `SELECT COUNT(*) FROM vpm_events`)
		must(t, db.EndSession(t.Context(), ids[1], ann, userEvent("ended")))
		must(t, db.EndSession(t.Context(), ids[0], 0, userEvent("ended")))
		wantCode(t, db.EndSession(t.Context(), ids[0], 0, userEvent("ended")), core.CodeNotFound)
		if lines, _ := told(0, ""); fmt.Sprint(lines) != "[bob true false]" {
			t.Errorf("left are %v", lines)
		}
		wantValue(t, db, "2", `SELECT COUNT(*) FROM vpm_events`)
	})
}

func TestPasswordHashOfActiveUsers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		db := ready(t, o)
		ann := user(t, db, "ann", core.RoleViewer, "active", nil)
		if hash, err := db.PasswordHash(t.Context(), ann); err != nil || hash != "hash of ann" {
			t.Errorf("the hash is %q, %v", hash, err)
		}
		execute(t, db, `UPDATE admin_users SET status = 'inactive'`)
		for _, id := range []int64{ann, 0, 999} {
			_, err := db.PasswordHash(t.Context(), id)
			wantCode(t, err, core.CodeNotFound)
		}
	})
}

// TestPeopleOfATakeOver have NULL in any column, and their tables stay as they are.
func TestPeopleOfATakeOver(t *testing.T) {
	t.Parallel()
	for _, in := range installations {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, emptyMariaDB(t))
			in.fill(t, db)
			before := definitions(t, db)
			_, err := db.Migrate(t.Context())
			must(t, err)
			people, err := db.People(t.Context())
			must(t, err)
			got := ""
			for _, p := range people {
				got += fmt.Sprintf("%s %s %t %d; ", p.Username, p.Role, p.Active, p.Sessions)
			}
			want := "root admin true 1; "
			if in.userConstraints == "" {
				want += "nobody  true 0; asleep admin false 0;   false 0; "
			}
			if got != want {
				t.Errorf("they are %q, want %q", got, want)
			}
			// Of a session whose token is NULL nothing is the current one.
			execute(t, db, `UPDATE admin_sessions SET expires_at = NOW() + INTERVAL 1 HOUR`)
			sessions, err := db.Sessions(t.Context(), 0, "")
			if err != nil || len(sessions) != 2 || sessions[0].Current || sessions[1].Current {
				t.Errorf("the sessions are %+v, %v", sessions, err)
			}
			root, no := people[0].ID, false
			if in.userConstraints == "" {
				nobody := people[1].ID
				if hash, err := db.PasswordHash(t.Context(), nobody); err != nil || hash != "" {
					t.Errorf("a password that is NULL is %q, %v", hash, err)
				}
				must(t, db.ChangePerson(t.Context(), nobody, core.PersonChange{Role: text(core.RoleViewer), FullName: text("N"), PasswordHash: text("h")}, "", userEvent("named")))
				if p := person(t, db, nobody); p.Role != core.RoleViewer || !slices.Equal(p.Permissions, core.DefaultPermissions(core.RoleViewer)) {
					t.Errorf("changed it is %+v", p)
				}
			}
			// Neither an administrator whose status is NULL nor one with no row is another one.
			wantCode(t, db.ChangePerson(t.Context(), root, core.PersonChange{Active: &no}, "", userEvent("leaves")), core.CodeConflict)
			id, err := db.CreatePerson(t.Context(), core.User{Username: "new", FullName: text("New"), Email: text("n@a.example"), Role: core.RoleAdmin}, "h", userEvent("created"))
			must(t, err)
			must(t, db.ChangePerson(t.Context(), root, core.PersonChange{Active: &no}, "", userEvent("leaves")))
			if p := person(t, db, id); !p.Active || p.Role != core.RoleAdmin {
				t.Errorf("the new one is %+v", p)
			}
			if after := definitions(t, db); after != before {
				t.Errorf("the tables were\n%s\nand are\n%s", before, after)
			}
		})
	}
}
