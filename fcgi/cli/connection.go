package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vpm/core"
	"vpm/core/client"
)

// Local opens the panel of this machine, with the settings in config ("" searches them) and the document root. close ends
// what it opened.
type Local func(config, docroot string) (c *client.Client, close func() error, err error)

// The environment that says which panel is asked.
const (
	urlVariable   = "VPM_URL"
	tokenVariable = "VPM_TOKEN"
)

// connection is which panel is asked, and how.
type connection struct {
	url, tokenFile, config, docroot string
	here                            bool // whatever the environment says
}

// ConnectionHelp documents it.
const ConnectionHelp = `Commands that work on instances, people and tokens ask the panel of this machine, with its settings, as whoever owns them:
no token is needed. With --url or ` + urlVariable + ` they ask the panel at that address, with the token in ` + tokenVariable + ` or in the file
that --token-file names. A token is never given as an argument, where other users could see it.
`

func (c *connection) flags(f *pflag.FlagSet) {
	f.StringVar(&c.url, "url", "", "the `address` of a panel, as https://your.site; "+urlVariable+" where not given, and else this machine")
	f.StringVar(&c.tokenFile, "token-file", "", "the `file` with the token for --url, - for stdin; "+tokenVariable+" where not given")
	f.StringVar(&c.config, "config", "", "the settings `file` of this machine; VPM_CONFIG where not given")
	f.StringVar(&c.docroot, "docroot", "/var/www/html", "the document `directory` below which this machine's panel lies")
}

// open connects. What is worth knowing goes to warn.
func (c *connection) open(cmd *cobra.Command, local Local) (*client.Client, func() error, error) {
	address := c.url
	if !cmd.Flags().Changed("url") && !c.here {
		address = os.Getenv(urlVariable)
	}
	if address == "" {
		if c.tokenFile != "" {
			return nil, nil, core.Errorf(core.CodeInvalid, "cannot use --token-file without --url: this machine's panel asks for no token")
		}
		return local(c.config, c.docroot)
	}
	token, err := c.token(cmd.InOrStdin())
	if err != nil {
		return nil, nil, err
	}
	remote, err := client.New(address, token)
	if err != nil {
		return nil, nil, err
	}
	if remote.Plain() {
		fmt.Fprintln(cmd.ErrOrStderr(), "vpm: warning: the token goes over the network unencrypted; use https:// where the panel has it")
	}
	return remote, func() error { return nil }, nil
}

// Connection has the flags of a command that asks a panel and does more than that.
type Connection struct {
	connection
	local Local
}

// ConnectionOf gives cmd the flags that say which panel is asked.
func ConnectionOf(cmd *cobra.Command, local Local) *Connection {
	p := &Connection{local: local}
	p.flags(cmd.Flags())
	return p
}

// Address is that of the panel that is asked, "" for this machine's.
func (p *Connection) Address() string { return cmp.Or(p.url, os.Getenv(urlVariable)) }

// Here makes it the panel of this machine below docroot.
func (p *Connection) Here(docroot string) {
	p.url, p.tokenFile, p.docroot, p.here = "", "", docroot, true
}

// Open connects to the panel.
func (p *Connection) Open(cmd *cobra.Command) (*client.Client, func() error, error) {
	return p.open(cmd, p.local)
}

// longestToken bounds what is read as one.
const longestToken = 4096

func (c *connection) token(stdin io.Reader) (string, error) {
	if c.tokenFile == "" {
		return os.Getenv(tokenVariable), nil
	}
	from := stdin
	if c.tokenFile != "-" {
		f, err := os.Open(c.tokenFile)
		if err != nil {
			return "", core.Errorf(core.CodeInvalid, "cannot read the token: %w", err)
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, longestToken))
	token := strings.TrimSpace(string(text))
	if err != nil || token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", core.Errorf(core.CodeInvalid, "cannot read the token: there must be one, alone, in %s", c.tokenFile).Because(err)
	}
	return token, nil
}
