package alert

import (
	"context"
	"crypto/x509"
	"errors"
	"net/mail"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
)

const mailPatience = 10 * time.Second

var errUnusual = errors.New("this address is unusual")

// Mail is how alerts are mailed: through an SMTP server or the host's sendmail, one of the two.
type Mail struct {
	From string   // an address, with or without a name
	To   []string // likewise
	// SMTP is smtp://user:password@host:587 or smtps://user:password@host:465, user and password where the server
	// wants them, the port where it is another. smtps is TLS from the start. smtp is STARTTLS, without which nothing is
	// sent; ?tls=none sends in the clear, as is done without it to a server on this machine, and ?tls=starttls insists
	// there too. A password is not sent in the clear to another machine.
	SMTP string
	// Sendmail is the program, as /usr/sbin/sendmail.
	Sendmail string

	roots *x509.CertPool // nil: those of the system
}

// Check tells what is wrong with the settings, without any secret of theirs.
func (m *Mail) Check() error {
	if _, err := m.envelope(); err != nil {
		return err
	}
	switch {
	case m.SMTP != "" && m.Sendmail != "":
		return badMail("it is to go through an SMTP server or through sendmail, not both")
	case m.SMTP != "":
		_, err := parseRelay(m.SMTP)
		return err
	case !filepath.IsAbs(m.Sendmail):
		return badMail("it needs the URL of an SMTP server or the absolute path of sendmail")
	}
	return nil
}

func badMail(why string) error {
	return core.Errorf(core.CodeUnavailable, "cannot send mail: %s", why)
}

// send mails the alert. attempts is how often that was tried before. refused says which recipients the server will
// not have, where it took the mail for others.
func (m *Mail) send(ctx context.Context, a core.Alert, attempts int) (refused []string, err error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	e, err := m.envelope()
	if err != nil {
		return nil, err
	}
	if m.Sendmail != "" {
		return nil, m.throughSendmail(ctx, e, compose(a, e))
	}
	r, err := parseRelay(m.SMTP)
	if err != nil {
		return nil, err
	}
	return r.submit(ctx, m.roots, e, compose(a, e), attempts < patientAttempts)
}

// envelope is who a mail is from and for.
type envelope struct {
	from *mail.Address
	to   []*mail.Address
}

func (m *Mail) envelope() (envelope, error) {
	var e envelope
	var err error
	if e.from, err = parseAddress(m.From); err != nil {
		return e, badMail("the sender must be an address as vpm@host.example")
	}
	if len(m.To) == 0 || len(m.To) > 50 {
		return e, badMail("it needs 1 to 50 recipients")
	}
	for _, one := range m.To {
		to, err := parseAddress(one)
		if err != nil {
			return e, badMail("each recipient must be an address as admin@host.example")
		}
		e.to = append(e.to, to)
	}
	return e, nil
}

// parseAddress reads an address, with or without a name. It takes less than RFC 5322 allows: nothing that would have
// to be quoted in an SMTP command, need SMTPUTF8, or look like an option of sendmail.
func parseAddress(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, err
	}
	const ordinary = "!#$%&'*+-./0123456789=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"
	if strings.Trim(a.Address, ordinary) != "" || strings.HasPrefix(a.Address, "-") || len(a.Address) > 254 {
		return nil, errUnusual
	}
	return a, nil
}
