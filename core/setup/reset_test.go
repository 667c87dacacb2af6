package setup

import (
	"path/filepath"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/auth"
)

func people(t *testing.T, account string) *auth.Service {
	t.Helper()
	db, err := opened(service(t, account).Config)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return &auth.Service{Store: db, TTL: time.Hour, Sleep: auth.Sleep}
}

func reset(code string) core.ResetRequest {
	return core.ResetRequest{Code: code, Username: "ann", Password: "battery staple", Address: "192.0.2.1"}
}

func TestResetReplacesThePasswordOnce(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	setUp(t, account)
	who := people(t, account)
	before, err := who.Login(t.Context(), "192.0.2.1", "ann", password)
	must(t, err)

	s := service(t, account)
	file, err := s.ResetFile()
	if err != nil || file != filepath.Join(account, "vpm-data", "reset-code.txt") {
		t.Fatalf("the file is %q, %v", file, err)
	}
	right := code(t, file)
	wantCode(t, s.Reset(t.Context(), reset("AAAAA-AAAAA-AAAAA-AAAAA")), core.CodeForbidden)
	unknown := reset(right)
	unknown.Username = "eve"
	wantCode(t, s.Reset(t.Context(), unknown), core.CodeNotFound)
	short := reset(right)
	short.Password = "short"
	wantCode(t, s.Reset(t.Context(), short), core.CodeInvalid)
	if _, err := who.Session(t.Context(), before.Token); err != nil {
		t.Error("a reset that failed ended a session: ", err)
	}

	must(t, s.Reset(t.Context(), reset(right)))
	_, err = who.Session(t.Context(), before.Token)
	wantCode(t, err, core.CodeUnauthenticated)
	_, err = who.Login(t.Context(), "192.0.2.1", "ann", password)
	wantCode(t, err, core.CodeUnauthenticated)
	_, err = who.Login(t.Context(), "192.0.2.1", "ann", "battery staple")
	must(t, err)
	wantCode(t, s.Reset(t.Context(), reset(right)), core.CodeForbidden)
	if code(t, file) == right {
		t.Error("the code counts again")
	}
}

func TestResetCodeExpires(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	setUp(t, account)
	file, err := service(t, account).ResetFile()
	must(t, err)
	old := code(t, file)
	late := service(t, account, resetCode.lasts+time.Minute)
	wantCode(t, late.Reset(t.Context(), reset(old)), core.CodeForbidden)
	if code(t, file) == old {
		t.Error("the expired code was kept")
	}
	_, err = people(t, account).Login(t.Context(), "192.0.2.1", "ann", password)
	must(t, err)
}

func TestResetCodesAreThrottled(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	setUp(t, account)
	s := service(t, account)
	file, err := s.ResetFile()
	must(t, err)
	for range wrongCodes {
		wantCode(t, s.Reset(t.Context(), reset("no")), core.CodeForbidden)
	}
	wantCode(t, s.Reset(t.Context(), reset(code(t, file))), core.CodeThrottled)
	// Those of a clock that is set back after them keep nobody waiting until the time comes again.
	now := s.Now()
	s.Now = func() time.Time { return now.Add(-24 * time.Hour) }
	_, err = s.ResetFile() // the code has a time to come too
	must(t, err)
	wantCode(t, s.Reset(t.Context(), reset("no")), core.CodeForbidden)
}

// TestCodeOfSetUpResetsNothing and the other way round: each proof is for its own purpose.
func TestCodeOfSetUpResetsNothing(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	wantCode(t, s.Reset(t.Context(), reset(r.Code)), core.CodeUnavailable) // there is nothing to reset
	must(t, s.Run(t.Context(), r))
	wantCode(t, service(t, account).Reset(t.Context(), reset(r.Code)), core.CodeForbidden)
}
