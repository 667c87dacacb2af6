package setup

import (
	"path/filepath"
	"testing"

	"vpm/core"
	"vpm/core/config"
)

func TestTrySavesNothing(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	right := mysqlChoice(t)
	wrong := right
	wrong.Password = "wrong"
	for name, c := range map[string]struct {
		db   core.DatabaseChoice
		want core.Code
	}{
		"the code alone":     {core.DatabaseChoice{}, ""},
		"embedded":           {core.DatabaseChoice{Driver: config.SQLite}, ""},
		"MySQL":              {right, ""},
		"MySQL, wrong":       {wrong, core.CodeUnavailable},
		"MySQL without name": {core.DatabaseChoice{Driver: config.MySQL}, core.CodeInvalid},
		"no database":        {core.DatabaseChoice{Driver: "oracle"}, core.CodeInvalid},
	} {
		r.Database = c.db
		taken, err := s.Try(t.Context(), r)
		if core.CodeOf(err) != c.want || taken {
			t.Errorf("%s: %t, %v; want %q", name, taken, err, c.want)
		}
		wantNothingAt(t, filepath.Join(account, "vpm.env"))
		wantNothingAt(t, filepath.Join(account, "vpm-data", "vpm.sqlite"))
	}
	r.Database = right
	must(t, s.Run(t.Context(), r)) // the tries did not cost the code, and left a database that can be used
	wantOneAdmin(t, account)

	_, err := s.Try(t.Context(), r)
	wantCode(t, err, core.CodeConflict)
	second, again := open(t, newAccount(t))
	again.Database = right
	if taken, err := second.Try(t.Context(), again); err != nil || !taken {
		t.Errorf("a database that has an administrator: %t, %v", taken, err)
	}
}

func TestTryIsNoWayToGuess(t *testing.T) {
	t.Parallel()
	s, right := open(t, newAccount(t))
	wrong := right
	wrong.Code = "AAAAA-AAAAA-AAAAA-AAAAA"
	for range wrongCodes {
		_, err := s.Try(t.Context(), wrong)
		wantCode(t, err, core.CodeForbidden)
	}
	_, err := s.Try(t.Context(), right)
	wantCode(t, err, core.CodeThrottled)
	wantCode(t, s.Run(t.Context(), right), core.CodeThrottled)
}
