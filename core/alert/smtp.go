package alert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	// patientAttempts is how often a mail waits for a recipient that the server refuses for the time being, so that
	// nobody gets it twice; after that it goes to those who can have it.
	patientAttempts = 3
	dialogueLimit   = 256 << 10 // bytes that a server may say in one session, certificates included
)

// submit hands a mail to the server.
func (r relay) submit(ctx context.Context, roots *x509.CertPool, e envelope, text []byte, patient bool) (refused []string,
	err error) {
	defer func() {
		if err != nil {
			err = r.explain(ctx, err)
		}
	}()
	conn, err := r.dial(ctx, roots)
	if err != nil {
		return nil, err
	}
	// The client sets deadlines of its own on each command; closing the connection is above them.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close()
	c, err := r.greet(conn, roots)
	if err != nil {
		return nil, err
	}
	defer func() {
		c.CommandTimeout = time.Second // by now it matters to nobody
		_ = c.Quit()
	}()
	if r.user != "" {
		if err := r.login(c); err != nil {
			return nil, err
		}
	}
	if err := c.Mail(e.from.Address, nil); err != nil {
		return nil, err
	}
	if refused, err = recipients(c, e.to, patient); err != nil {
		return nil, err
	}
	data, err := c.Data()
	if err != nil {
		return nil, err
	}
	if _, err := data.Write(text); err != nil { // which makes CRLF of LF, and doubles a leading dot
		return nil, err
	}
	return refused, data.Close()
}

// dial connects, for smtps with TLS.
func (r relay) dial(ctx context.Context, roots *x509.CertPool) (net.Conn, error) {
	dial := new(net.Dialer).DialContext
	if r.security == implicitTLS {
		dial = (&tls.Dialer{Config: r.tls(roots)}).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(r.host, r.port))
	if err != nil {
		return nil, err
	}
	return &limitedConn{conn, dialogueLimit}, nil
}

func (r relay) tls(roots *x509.CertPool) *tls.Config {
	return &tls.Config{ServerName: r.host, RootCAs: roots}
}

// greet begins the session, with STARTTLS where that is wanted.
func (r relay) greet(conn net.Conn, roots *x509.CertPool) (*smtp.Client, error) {
	c := smtp.NewClient(conn)
	if r.security == startTLS {
		var err error
		if c, err = smtp.NewClientStartTLS(conn, r.tls(roots)); err != nil {
			return nil, err
		}
	}
	return c, c.Hello(ownName(conn))
}

// ownName is what the client calls itself: the host's full name or, where it has none, its address (RFC 5321, 4.1.4).
func ownName(conn net.Conn) string {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") && strings.Trim(name, allowed) == "" {
		return name
	}
	tcp, ok := conn.LocalAddr().(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case tcp.IP.To4() != nil:
		return "[" + tcp.IP.String() + "]"
	}
	return "[IPv6:" + tcp.IP.String() + "]"
}

// login tells of a refusal its code only: some servers repeat what was sent, which is the password.
func (r relay) login(c *smtp.Client) error {
	var mechanism sasl.Client
	switch {
	case c.SupportsAuth(sasl.Plain):
		mechanism = sasl.NewPlainClient("", r.user, r.password)
	case c.SupportsAuth(sasl.Login):
		mechanism = sasl.NewLoginClient(r.user, r.password)
	default:
		return errors.New("it offers neither of the logins PLAIN and LOGIN")
	}
	err := c.Auth(mechanism)
	if said, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return fmt.Errorf("it refused the login (%d)", said.Code)
	}
	return err
}

// recipients names those who are to get the mail; refused are those that the server will not have.
func recipients(c *smtp.Client, to []*mail.Address, patient bool) (refused []string, err error) {
	for _, one := range to {
		err := c.Rcpt(one.Address, nil)
		said, ok := errors.AsType[*smtp.SMTPError](err)
		switch {
		case ok && (!said.Temporary() || !patient):
			refused = append(refused, oneLine(fmt.Sprintf("not to %s: %v", one.Address, err)))
		case err != nil:
			return nil, err
		}
	}
	if len(refused) == len(to) {
		return nil, errors.New(strings.Join(refused, "; "))
	}
	return refused, nil
}

// explain puts an error into words for people.
func (r relay) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = errors.New("it gave no answer in time")
	}
	return fmt.Errorf("the mail server %s did not take it: %w", r.host, err)
}

// limitedConn bounds what a server may say.
type limitedConn struct {
	net.Conn
	left int
}

func (c *limitedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("it talks without end")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
