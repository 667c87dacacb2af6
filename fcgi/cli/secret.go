package cli

import (
	"bufio"
	"io"
	"strings"

	"golang.org/x/term"

	"vpm/core"
)

// secret asks for something that nobody may read over a shoulder or in a process list: on a terminal without showing it, and
// a new one twice; else it is the first line of stdin.
func (c *call) secret(what string, fresh bool) (string, error) {
	in := c.cmd.InOrStdin()
	fd, ok := terminal(in)
	if !ok {
		text, err := bufio.NewReader(io.LimitReader(in, longestToken)).ReadString('\n')
		if text = strings.TrimRight(text, "\r\n"); text == "" {
			return "", core.Errorf(core.CodeInvalid, "cannot read the password: the first line of stdin is empty").Because(err)
		}
		return text, nil
	}
	was, err := term.MakeRaw(fd) // before the prompt: who types at once is not shown either
	if err != nil {
		return "", core.Errorf(core.CodeInvalid, "cannot read the password").Because(err)
	}
	defer func() { _ = term.Restore(fd, was) }()
	prompter := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, c.err}, "")
	first, err := hidden(prompter, what)
	if err != nil || !fresh {
		return first, err
	}
	again, err := hidden(prompter, "Once more")
	if err == nil && again != first {
		err = core.Errorf(core.CodeInvalid, "cannot use the password: the two are not the same")
	}
	return first, err
}

func hidden(prompter *term.Terminal, what string) (string, error) {
	text, err := prompter.ReadPassword(what + ": ")
	if err != nil { // Ctrl-C and Ctrl-D too
		return "", core.Errorf(core.CodeInvalid, "cannot read the password: none was given").Because(err)
	}
	return text, nil
}
