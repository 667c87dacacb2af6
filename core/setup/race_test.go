package setup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
)

func init() {
	roles["visitor"] = func(account string) error {
		s, err := newService(account, 0)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(filepath.Join(account, "vpm-data", "setup-code.txt"))
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		hello()
		err = s.Run(background, request(line))
		fmt.Println(core.CodeOf(err))
		return nil
	}
}

// TestOneOfManyProcessesSetsUp: each has the right code, and has read the settings before any was saved.
func TestOneOfManyProcessesSetsUp(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	open(t, account)
	var finish []func() string
	for range 4 {
		finish = append(finish, child(t, "visitor", account, nil))
	}
	answers := map[string]int{}
	for _, f := range finish {
		answers[f()]++
	}
	if answers[""] != 1 || answers[string(core.CodeConflict)] != 3 {
		t.Errorf("the answers are %v; want one success and three conflicts", answers)
	}
	wantOneAdmin(t, account)
	wantClosed(t, account)
	wantNothingAt(t, filepath.Join(account, "vpm-data", "setup-code.txt"))
}

// TestOneOfManyRequestsSetsUp: in one long-running process.
func TestOneOfManyRequestsSetsUp(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	const n = 4
	ended := make(chan error, n)
	for range n {
		go func() { ended <- s.Run(t.Context(), r) }()
	}
	won := 0
	for range n {
		switch err := <-ended; core.CodeOf(err) {
		case "":
			won++
		case core.CodeConflict:
		default:
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d requests set up; want 1", won)
	}
	wantOneAdmin(t, account)
	wantClosed(t, account)
}

// TestSetUpUnderWayIsBusy for a request whose time is over before its turn comes.
func TestSetUpUnderWayIsBusy(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	s, r := open(t, account)
	other, err := os.Open(filepath.Join(account, "vpm-data", "setup.lock"))
	must(t, err)
	must(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	wantCode(t, s.Run(over, r), core.CodeBusy)
	_, err = s.State(over)
	wantCode(t, err, core.CodeBusy)
	must(t, other.Close()) // as the end of its process does
	must(t, s.Run(t.Context(), r))
}
