package alert

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"vpm/core"
)

var _ Queue = core.WatchStore(nil)

// start is when the clocks of the tests begin.
var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// clock is a time that the test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time       { return c.Time }
func (c *clock) move(d time.Duration) { c.Time = c.Add(d) }

// queue keeps deliveries in memory, as the database does in rows.
type queue struct {
	rows    []core.Delivery
	last    int64
	reasons []string
	broken  error // of EndDelivery
}

func (q *queue) add(a core.Alert, channels ...string) {
	for _, channel := range channels {
		q.last++
		q.rows = append(q.rows, core.Delivery{ID: q.last, Channel: channel, Alert: a, NextAt: a.At})
	}
}

func (q *queue) Deliveries(ctx context.Context, now time.Time, limit int) ([]core.Delivery, error) {
	var due []core.Delivery
	for _, d := range q.rows {
		if !d.NextAt.After(now) && len(due) < limit {
			due = append(due, d)
		}
	}
	return due, ctx.Err()
}

func (q *queue) PostponeDelivery(ctx context.Context, id int64, attempts int, next time.Time, reason string) error {
	for i, d := range q.rows {
		if d.ID == id {
			q.rows[i].Attempts, q.rows[i].NextAt = attempts, next
		}
	}
	q.reasons = append(q.reasons, reason)
	return ctx.Err()
}

func (q *queue) EndDelivery(ctx context.Context, id int64) error {
	if q.broken != nil {
		return q.broken
	}
	q.rows = slices.DeleteFunc(q.rows, func(d core.Delivery) bool { return d.ID == id })
	return ctx.Err()
}

// sample is an alert of that ID about an instance.
func sample(id, instance string, at time.Time) core.Alert {
	return core.Alert{ID: id, Kind: core.AlertUnhealthy, InstanceID: instance, Name: "Größe", URL: "http://site.example/", At: at,
		Subject: "Größe (" + instance + ") is not healthy", Text: "It is not healthy.\n\n.\nA line that begins with a dot, and ümlauts.\n"}
}

// received is a mail as a receiver has it.
type received struct {
	*mail.Message
	body, raw string
	from      string
	to        []string
	encrypted bool
	user      string // that logged in
}

// postbox is a real SMTP server that the test tells how to behave.
type postbox struct {
	address string
	roots   *x509.CertPool // that verify its certificate

	mu     sync.Mutex
	mails  []received
	onRcpt func(to string) error
	onData func() error // after the whole message
}

func (p *postbox) set(change func(*postbox)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *postbox) got() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

// options are how a postbox is reached.
type options struct {
	listener net.Listener // nil: one of its own
	tls      bool         // STARTTLS is offered
	implicit bool         // TLS from the start
	logins   []string     // mechanisms
}

// openPostbox runs a postbox until the test ends.
func openPostbox(t *testing.T, o options) *postbox {
	t.Helper()
	p := &postbox{}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{box: p, conn: c, logins: o.logins}, nil
	}))
	s.Domain, s.ErrorLog, s.AllowInsecureAuth = "localhost", log.New(io.Discard, "", 0), true
	listener := o.listener
	if listener == nil {
		listener = listen(t)
	}
	if o.tls || o.implicit {
		certificate, roots := newCertificate(t)
		p.roots = roots
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		if o.implicit {
			listener = tls.NewListener(listener, config)
		} else {
			s.TLSConfig = config
		}
	}
	p.address = listener.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(listener) })
	t.Cleanup(func() {
		_ = s.Close()
		_ = listener.Close() // where Serve had not begun
		serving.Wait()
	})
	return p
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// session is one SMTP dialogue.
type session struct {
	box    *postbox
	conn   *smtp.Conn
	logins []string
	mail   received
}

func (s *session) AuthMechanisms() []string { return s.logins }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "vpm@host.example" || password != "xyzzy/1" {
			return smtp.ErrAuthFailed
		}
		s.mail.user = user
		return nil
	}
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return &loginServer{check: check}, nil
}

// loginServer speaks the server's side of LOGIN, which the library has no more.
type loginServer struct {
	check func(user, password string) error
	user  *string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	said := string(response)
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		l.user = &said
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, said)
}

func (s *session) Reset()        { s.mail.to = nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.logins) > 0 && s.mail.user == "" {
		return smtp.ErrAuthRequired
	}
	_, s.mail.encrypted = s.conn.TLSConnectionState()
	s.mail.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.onRcpt != nil {
		if err := s.box.onRcpt(to); err != nil {
			return err
		}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if err := s.mail.read(string(text)); err != nil {
		return err
	}
	s.box.mails = append(s.box.mails, s.mail)
	if s.box.onData == nil {
		return nil
	}
	err = s.box.onData()
	if err == errHangUp {
		_ = s.conn.Conn().Close()
	}
	return err
}

// errHangUp has the server close the connection instead of saying that it has the mail.
var errHangUp = fmt.Errorf("hang up")

// heldPort has an address where connections are refused until open listens there. Nobody else gets the address meanwhile.
func heldPort(t *testing.T) (address string, open func() net.Listener) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	must(err)
	file := os.NewFile(uintptr(fd), "held port")
	t.Cleanup(func() { _ = file.Close() })
	must(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	must(err)
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port), func() net.Listener {
		must(syscall.Listen(fd, 16))
		listener, err := net.FileListener(file)
		must(err)
		return listener
	}
}

// newCertificate makes one for this machine and the pool that verifies it.
func newCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// wantError tells what is wrong with an error: it must have every one of words, and not the secrets of the tests, which have "xyzzy" in them.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error is %q, without %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "xyzzy") {
		t.Errorf("the error %q has the secret", err)
	}
}

// read takes a message apart.
func (r *received) read(text string) error {
	message, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(message.Body))
	r.Message, r.body, r.raw = message, string(body), text
	return err
}
