package alert

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"vpm/core"
)

func serverTLS(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }

const login = "vpm%40host.example:xyzzy%2F1@"

// mailTo mails through the server at address.
func mailTo(scheme, user, address, query string, roots *x509.CertPool) *Mail {
	return &Mail{From: "vpm <vpm@host.example>", To: []string{"Ädmin <admin@host.example>", "second@host.example"},
		SMTP: scheme + "://" + user + address + query, roots: roots}
}

func TestMail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options
		scheme, user, query string
	}{
		"in the clear":        {options{}, "smtp", "", ""},
		"in the clear, asked": {options{tls: true}, "smtp", "", "?tls=none"},
		"STARTTLS":            {options{tls: true}, "smtp", "", "?tls=starttls"},
		"TLS":                 {options{implicit: true}, "smtps", "", ""},
		"STARTTLS and PLAIN":  {options{tls: true, logins: []string{"PLAIN", "LOGIN"}}, "smtp", login, "?tls=starttls"},
		"TLS and PLAIN":       {options{implicit: true, logins: []string{"PLAIN"}}, "smtps", login, "/"},
		"STARTTLS and LOGIN":  {options{tls: true, logins: []string{"LOGIN"}}, "smtp", login, "?tls=starttls"},
		"LOGIN on loopback":   {options{logins: []string{"LOGIN"}}, "smtp", login, ""},
	} {
		box := openPostbox(t, c.options)
		m := mailTo(c.scheme, c.user, box.address, c.query, box.roots)
		a := sample("id1", "one", start)
		if refused, err := m.send(t.Context(), a, 0); err != nil || len(refused) > 0 {
			t.Errorf("%s: %v, %v", name, refused, err)
			continue
		}
		got := box.got()
		if len(got) != 1 || got[0].from != "vpm@host.example" || !slices.Equal(got[0].to, []string{"admin@host.example", "second@host.example"}) ||
			got[0].encrypted != (c.scheme == "smtps" || strings.Contains(c.query, "starttls")) || (got[0].user != "") != (c.user != "") {
			t.Fatalf("%s: received %+v", name, got)
		}
		wantMessage(t, got[0], a)
	}
}

// wantMessage checks a mail against its alert.
func wantMessage(t *testing.T, r received, a core.Alert) {
	t.Helper()
	subject, err := new(mime.WordDecoder).DecodeHeader(r.Header.Get("Subject"))
	date, dateErr := r.Header.Date()
	to, toErr := r.Header.AddressList("To")
	if err != nil || subject != a.Subject || dateErr != nil || !date.Equal(a.At) || toErr != nil || len(to) != 2 || to[0].Name != "Ädmin" {
		t.Errorf("the header is %v", r.Header)
	}
	for name, want := range map[string]string{"From": `"vpm" <vpm@host.example>`, "Message-Id": "<" + a.ID + "@host.example>",
		"Auto-Submitted": "auto-generated", "Mime-Version": "1.0", "Content-Type": "text/plain; charset=utf-8"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if strings.ReplaceAll(r.body, "\r\n", "\n") != a.Text {
		t.Errorf("the text is %q", r.body)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(r.raw, "\r\n"), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") || strings.Trim(line, ascii) != "" {
			t.Errorf("a line is %q", line)
		}
	}
}

var ascii = func() (all string) {
	for c := ' '; c <= '~'; c++ {
		all += string(c)
	}
	return all
}()

// at is a connection from an address.
type at struct {
	net.Conn
	from net.Addr
}

func (c at) LocalAddr() net.Addr { return c.from }

// TestOwnName: servers refuse a greeting that is no name and no address as RFC 5321 writes one.
func TestOwnName(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	full := err == nil && strings.Contains(host, ".")
	for _, c := range []struct {
		from net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.1")}, "[192.0.2.1]"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Zone: "eth0"}, "[IPv6:2001:db8::1]"},
		{&net.UnixAddr{Name: "/run/x"}, "localhost"},
	} {
		if got := ownName(at{from: c.from}); got != c.want && !full || full && got != c.want && got != host {
			t.Errorf("from %v it calls itself %q; want %q", c.from, got, c.want)
		}
	}
}

func TestLongSubjects(t *testing.T) {
	t.Parallel()
	box := openPostbox(t, options{})
	for length := range 25 {
		a := sample("id1", "one", start)
		a.Subject = strings.Repeat("größer ", length) + "end"
		if _, err := mailTo("smtp", "", box.address, "", nil).send(t.Context(), a, 0); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, box.got()[length], a)
	}
}

func TestMailThatIsNotSent(t *testing.T) {
	t.Parallel()
	plain := openPostbox(t, options{logins: []string{"PLAIN"}})
	start, implicit := openPostbox(t, options{tls: true}), openPostbox(t, options{implicit: true})
	other := openPostbox(t, options{logins: []string{"CRAM-MD5"}})
	refused, _ := heldPort(t)
	for name, c := range map[string]struct {
		mail *Mail
		word string
	}{
		"wrong password":       {mailTo("smtp", "vpm:wrongxyzzy@", plain.address, "", nil), "refused the login (535)"},
		"no password":          {mailTo("smtp", "", plain.address, "", nil), "authenticate"},
		"no login it knows":    {mailTo("smtp", login, other.address, "", nil), "neither of the logins"},
		"no STARTTLS":          {mailTo("smtp", login, plain.address, "?tls=starttls", nil), "STARTTLS"},
		"unknown certificate":  {mailTo("smtp", "", start.address, "?tls=starttls", nil), "certificate"},
		"unknown certificate2": {mailTo("smtps", "", implicit.address, "", nil), "certificate"},
		"TLS to a plain one":   {mailTo("smtps", "", plain.address, "", nil), "tls"},
		"nobody listens":       {mailTo("smtp", "", refused, "", nil), "refused"},
	} {
		_, err := c.mail.send(t.Context(), sample("id1", "one", time.Now()), 0)
		wantError(t, err, c.word, "127.0.0.1")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for _, box := range []*postbox{plain, start, implicit, other} {
		if got := box.got(); len(got) > 0 {
			t.Errorf("received %+v", got)
		}
	}
}

func TestRefusedRecipients(t *testing.T) {
	t.Parallel()
	gone := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	full := &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "the mailbox is full"}
	for name, c := range map[string]struct {
		answers  map[string]error
		attempts int
		refused  string // a word of it
		err      string // likewise
	}{
		"one is gone":               {map[string]error{"second@host.example": gone}, 0, "not to second@host.example: SMTP error 550", ""},
		"all are gone":              {map[string]error{"second@host.example": gone, "admin@host.example": gone}, 0, "", "no such user"},
		"one is full, at first":     {map[string]error{"second@host.example": full}, 2, "", "452"},
		"one is full, for long":     {map[string]error{"second@host.example": full}, 3, "the mailbox is full", ""},
		"the first is full for now": {map[string]error{"admin@host.example": full}, 0, "", "452"},
	} {
		box := openPostbox(t, options{})
		box.onRcpt = func(to string) error { return c.answers[to] }
		refused, err := mailTo("smtp", "", box.address, "", nil).send(t.Context(), sample("id1", "one", start), c.attempts)
		if c.err != "" {
			wantError(t, err, c.err)
			if got := box.got(); len(got) > 0 {
				t.Errorf("%s: received %+v", name, got)
			}
			continue
		}
		if err != nil || len(refused) != 1 || !strings.Contains(refused[0], c.refused) || len(box.got()) != 1 {
			t.Errorf("%s: %v, %v", name, refused, err)
		}
	}
}

// TestMailServersThatMisbehave talks to servers that are none, or that give the password back.
func TestMailServersThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		talk func(net.Conn)
		word string
	}{
		"hangs":          {func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString('\n') }, "no answer in time"},
		"closes at once": {func(net.Conn) {}, "EOF"},
		"talks without end": {func(c net.Conn) {
			for err := error(nil); err == nil; {
				_, err = c.Write([]byte("220-" + strings.Repeat("x", 500) + "\r\n"))
			}
		}, "without end"},
		"gives the password back": {func(c net.Conn) {
			lines := bufio.NewScanner(c)
			fmt.Fprint(c, "220 x\r\n")
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "EHLO") {
					fmt.Fprint(c, "250-x\r\n250 AUTH PLAIN\r\n")
				} else {
					said, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines.Text(), "AUTH PLAIN "))
					fmt.Fprintf(c, "500 what is %s, %q\r\n", lines.Text(), said)
				}
			}
		}, "refused the login (500)"},
	} {
		listener := listen(t)
		var serving sync.WaitGroup
		serving.Go(func() {
			if conn, err := listener.Accept(); err == nil {
				c.talk(conn)
				_ = conn.Close()
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		if name == "hangs" {
			ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second) // a busy machine takes some of it to connect
		}
		_, err := mailTo("smtp", login, listener.Addr().String(), "", nil).send(ctx, sample("id1", "one", start), 0)
		cancel()
		_ = listener.Close()
		serving.Wait()
		wantError(t, err, c.word)
		if strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte("\x00vpm@host.example\x00xyzzy/1"))) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRelay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]relay{
		"smtp://mail.host.example":                                           {"mail.host.example", "587", startTLS, "", ""},
		"smtp://me:p%25w@mail.host.example:2525":                             {"mail.host.example", "2525", startTLS, "me", "p%w"},
		"smtp://me@host.example:pw@mail.host.example/":                       {"mail.host.example", "587", startTLS, "me@host.example", "pw"},
		"smtps://me:pw@mail.host.example":                                    {"mail.host.example", "465", implicitTLS, "me", "pw"},
		"smtp://mail.host.example?tls=none":                                  {"mail.host.example", "25", clear, "", ""},
		"smtp://localhost":                                                   {"localhost", "25", clear, "", ""},
		"smtp://me:pw@127.0.0.1":                                             {"127.0.0.1", "25", clear, "me", "pw"},
		"smtp://[::1]:26":                                                    {"::1", "26", clear, "", ""},
		"smtp://localhost?tls=starttls":                                      {"localhost", "587", startTLS, "", ""},
		"smtp://localhost.host.example?tls=none":                             {"localhost.host.example", "25", clear, "", ""},
		"smtp://127.0.0.1.host.example":                                      {"127.0.0.1.host.example", "587", startTLS, "", ""},
		"smtp://" + url.UserPassword("a", "#/?%:@ü").String() + "@h.example": {"h.example", "587", startTLS, "a", "#/?%:@ü"},
	} {
		if got, err := parseRelay(text); err != nil || got != want {
			t.Errorf("%s: read %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "mail.host.example", "mail.host.example:25", "http://h.example", "smtp://", "smtp://h.example/xyzzy", "smtp://h.example?tls=maybe",
		"smtp://h.example?tls=no%zzxyzzy", "smtp://h.example?xyzzy=1", "smtps://h.example?tls=none", "smtp://xyzzy@h.example", "smtp://:xyzzy@h.example", "smtp://me:@h.example",
		"smtp://me:xyzzy@h.example?tls=none", "smtp://me:xyzzy%ret@h.example", "smtp://me:xyzzy/1@h.example", "smtp://me:xyzzy#1@h.example", "smtp://h.example:xyzzy", "smtp://h.example#xyzzy"} {
		_, err := parseRelay(text)
		wantError(t, err)
		if core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestMailSettings(t *testing.T) {
	t.Parallel()
	good := Mail{From: "vpm@host.example", To: []string{"Admin <admin@host.example>"}, Sendmail: "/usr/sbin/sendmail"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for word, change := range map[string]func(*Mail){
		"not both":                     func(m *Mail) { m.SMTP = "smtp://h.example" },
		"absolute path":                func(m *Mail) { m.Sendmail = "sendmail" },
		"URL of an SMTP server or":     func(m *Mail) { m.Sendmail = "" },
		"1 to 50":                      func(m *Mail) { m.To = nil },
		"the sender":                   func(m *Mail) { m.From = "" },
		"must begin with smtp":         func(m *Mail) { m.SMTP, m.Sendmail = "ftp://h.example", "" },
		"each recipient":               func(m *Mail) { m.To = append(m.To, "admin") },
		"1 to 50 recipients":           func(m *Mail) { m.To = slices.Repeat(m.To, 51) },
		"must be an address as admin@": func(m *Mail) { m.To = []string{"a@x.example, b@x.example"} },
	} {
		m := good
		change(&m)
		wantError(t, m.Check(), word)
	}
	for _, bad := range []string{"-oQ/tmp@x.example", "<-x@x.example>", `"-x y"@x.example`, `"a b"@x.example`, `"a>"@x.example`, "ü@x.example", "a@ü.example", "a@[127.0.0.1]",
		"a@x.example\r\nBcc: b@x.example", "a@x.example>", strings.Repeat("a", 250) + "@x.example", "@x.example", "a@"} {
		if a, err := parseAddress(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, a)
		}
	}
}
