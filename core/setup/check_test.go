package setup

import (
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/config"
)

func checkOf(t *testing.T, s *Service, https bool, name string) core.Check {
	t.Helper()
	for _, c := range s.Checks(t.Context(), https) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %q", name)
	return core.Check{}
}

func wantCheck(t *testing.T, c core.Check, want core.CheckResult) {
	t.Helper()
	if c.Result != want || c.Reason == "" {
		t.Errorf("%s is %q, %q; want %q", c.Name, c.Result, c.Reason, want)
	}
}

func TestChecksOfAFreshUpload(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := service(t, account)
	for _, c := range s.Checks(t.Context(), true) {
		if c.Result == core.CheckFailed || c.Result == "" || c.Reason == "" {
			t.Errorf("%+v", c)
		}
		if strings.Contains(c.Reason, account) {
			t.Errorf("%s tells a stranger where the account is: %s", c.Name, c.Reason)
		}
	}
	wantCheck(t, checkOf(t, s, true, "https"), core.CheckOK)
	wantCheck(t, checkOf(t, s, false, "https"), core.CheckWarning)
	wantCheck(t, checkOf(t, s, false, "data_directory"), core.CheckOK)

	s.Config.DataDir = filepath.Join(account, "public_html", "vpm-data")
	wantCheck(t, checkOf(t, s, false, "data_directory"), core.CheckWarning)
	must(t, os.WriteFile(filepath.Join(account, "file"), nil, 0o644))
	s.Config.DataDir = filepath.Join(account, "file", "vpm-data")
	failed := checkOf(t, s, false, "data_directory")
	wantCheck(t, failed, core.CheckFailed)
	if strings.Contains(failed.Reason, account) {
		t.Errorf("the reason has a path: %s", failed.Reason)
	}
}

func TestCheckOfTheAccount(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := service(t, account)
	wantCheck(t, checkOf(t, s, true, "account"), core.CheckOK)
	must(t, os.Chown(filepath.Join(account, "public_html", "api"), 12345, 12345))
	wantCheck(t, checkOf(t, s, true, "account"), core.CheckWarning)
}

func TestChecksOfLimits(t *testing.T) {
	t.Parallel()
	const none = math.MaxUint64
	for name, c := range map[string]struct {
		got  finding
		want core.CheckResult
	}{
		"no limit on memory":    {memory(none), core.CheckOK},
		"a little memory":       {memory(50 << 20), core.CheckWarning},
		"much memory":           {memory(1 << 30), core.CheckOK},
		"no limit on processes": {processes(none), core.CheckOK},
		"few processes":         {processes(10), core.CheckWarning},
		"CloudLinux's default":  {processes(100), core.CheckOK},
		"no limit on time":      {cpuTime(none, time.Second), core.CheckOK},
		"little time":           {cpuTime(2, time.Second), core.CheckWarning},
		"enough time":           {cpuTime(30, time.Second), core.CheckOK},
	} {
		if c.got.result != c.want || c.got.reason == "" {
			t.Errorf("%s: %+v; want %s", name, c.got, c.want)
		}
	}
}

func TestCheckOfMySQL(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s := service(t, account)
	s.Config.DBSocket = server.Socket
	wantCheck(t, checkOf(t, s, true, "mysql"), core.CheckOK)

	none := filepath.Join(account, "none.sock")
	s.Config.DBSocket = none
	wantCheck(t, checkOf(t, s, true, "mysql"), core.CheckSkipped)
	s.Config.DBDriver = config.MySQL
	wantCheck(t, checkOf(t, s, true, "mysql"), core.CheckFailed)

	l, err := net.Listen("unix", filepath.Join(account, "full.sock"))
	must(t, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("\x17\x00\x00\x00\xff\x10\x04Too many connections"))
			conn.Close()
		}
	}()
	s.Config.DBSocket = filepath.Join(account, "full.sock")
	wantCheck(t, checkOf(t, s, true, "mysql"), core.CheckWarning)
}
