package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"vpm/core"
)

// throughSendmail hands the message to the host's sendmail, or a program that takes its place. It has the mail when it
// exits with 0. Any other exit is a failure, EX_TEMPFAIL (75) too: to some that means queued, to others not taken, and
// a message twice is better than none.
func (m *Mail) throughSendmail(ctx context.Context, e envelope, text []byte) error {
	// -i: a line that is a dot does not end the message.
	args := []string{"-i", "-f", e.from.Address, "--"}
	for _, to := range e.to {
		args = append(args, to.Address)
	}
	cmd := exec.CommandContext(ctx, m.Sendmail, args...)
	cmd.Stdin = bytes.NewReader(text)
	said := &head{limit: 300}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Dir = "/"
	cmd.Env = sendmailEnv()
	cmd.WaitDelay = time.Second // a child of it that holds the output open holds up nobody else
	err := cmd.Run()
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil // it has exited with 0
	case ctx.Err() != nil:
		return errors.New("sendmail did not finish in time")
	}
	return fmt.Errorf("sendmail failed: %w: %s", err, core.Cut(oneLine(string(said.text)), 200))
}

// sendmailEnv is what the program may know: the settings in our environment hold passwords, and the rest of it comes
// from a visitor's request. msmtp finds its settings by HOME.
func sendmailEnv() []string {
	env := []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin", "LC_ALL=C"}
	for _, name := range []string{"HOME", "USER", "LOGNAME", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// head keeps the first bytes that are written to it.
type head struct {
	text  []byte
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), h.limit-len(h.text))]...)
	return len(p), nil
}
