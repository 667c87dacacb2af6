package cli

import (
	"bufio"
	"fmt"
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
	first, err := c.hidden(fd, what)
	if err != nil || !fresh {
		return first, err
	}
	again, err := c.hidden(fd, "Once more")
	if err == nil && again != first {
		err = core.Errorf(core.CodeInvalid, "cannot use the password: the two are not the same")
	}
	return first, err
}

func (c *call) hidden(fd int, what string) (string, error) {
	fmt.Fprintf(c.err, "%s: ", what)
	text, err := term.ReadPassword(fd)
	fmt.Fprintln(c.err)
	if err != nil {
		return "", core.Errorf(core.CodeInvalid, "cannot read the password").Because(err)
	}
	return string(text), nil
}
