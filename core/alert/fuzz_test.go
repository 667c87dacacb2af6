package alert

import (
	"bytes"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// FuzzRelay: what is taken for a mail server is one that can be dialled, no password is sent in the clear to another
// machine, and no error shows the password.
func FuzzRelay(f *testing.F) {
	for _, s := range []string{"smtp://user:password@mail.example:587", "smtps://mail.example", "smtp://localhost", "smtp://u:p%40ss@[::1]:25?tls=starttls",
		"smtp://u:p@mail.example?tls=none", "smtp://u:p@127.0.0.1:1?tls=none", "smtp://u:p@h/path", "smtp://u:pa#ss@h", "smtp://u:p@h:port", "smtp://u:p@h:99999", "smtp://u@h", "http://h",
		"smtp://u:p@h?tls=none&tls=starttls", "smtp://h%0d%0aX", "smtp://u%0d%0aRCPT:p@h", "smtp://[::1%25eth0]", "smtp://:25", "smtp://LOCALHOST", "smtp://127.1?tls=none"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRelay(s)
		u, urlErr := url.Parse(s)
		if err != nil {
			if urlErr == nil && u.User != nil {
				if password, _ := u.User.Password(); len(password) > 8 && strings.Contains(err.Error(), password) {
					t.Errorf("the error shows the password: %v", err)
				}
			}
			return
		}
		if r.user != "" && r.security == clear && !isLoopback(r.host) {
			t.Errorf("%q sends a password in the clear: %+v", s, r)
		}
		if (r.user == "") != (r.password == "") {
			t.Errorf("%q is %+v", s, r)
		}
		host, port, err := net.SplitHostPort(net.JoinHostPort(r.host, r.port))
		if err != nil || host != r.host || port != r.port {
			t.Errorf("%q is dialled at %q %q, %v", s, host, port, err)
		}
		if n, err := net.LookupPort("tcp", r.port); err != nil || n == 0 || strings.Trim(r.port, "0123456789") != "" {
			t.Errorf("%q has the port %q", s, r.port)
		}
		if strings.ContainsFunc(r.host, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			t.Errorf("%q has the host %q", s, r.host)
		}
	})
}

// FuzzMessage: whatever a sender, a recipient, a site and a reason are called, the message has the header that it is to
// have and no other field, goes to that recipient alone, and its text arrives as it was.
func FuzzMessage(f *testing.F) {
	f.Add("vpm@host.example", "Admin <admin@host.example>", "site is not healthy", "It is not.\n\n.\n")
	f.Add("vpm@host.example", "\"a\\\"b, c\" <a@b.example>", "ümlaut\r\nBcc: evil@host.example", "a\r\nb\rc\n.\r\n")
	f.Add("-oQ/tmp@host.example", "a@b", strings.Repeat("ß", 300), strings.Repeat("x", 2000))
	f.Add("a@b", "a@b, c@d", "\u2028\x00\xff", "\xff\x00 \t \n")
	f.Add("\"x\\r\\ny\" <a@b>", "=?utf-8?q?=0D=0ABcc:_c=40d?= <a@b>", "=?utf-8?q?x?=", "=0D=0A")
	f.Add("a@[127.0.0.1]", "(comment) a@b", " x ", "")
	f.Fuzz(func(t *testing.T, from, to, subject, text string) {
		m := Mail{From: from, To: []string{to}, Sendmail: "/usr/sbin/sendmail"}
		e, err := m.envelope()
		if err != nil {
			return
		}
		for _, a := range append(e.to, e.from) {
			if strings.HasPrefix(a.Address, "-") || strings.ContainsFunc(a.Address, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`<>()[],;:\"`, c) }) {
				t.Errorf("%q is taken for an address", a.Address)
			}
		}
		alert := core.Alert{ID: "0a1b", At: time.Unix(1e9, 0), Subject: subject, Text: text}
		sent := compose(alert, e)
		if bytes.ContainsRune(sent, '\r') {
			t.Errorf("a carriage return in %q", sent)
		}
		read, err := mail.ReadMessage(bytes.NewReader(sent))
		if err != nil {
			t.Fatalf("%q: %v", sent, err)
		}
		fields := []string{"From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Mime-Version", "Content-Type", "Content-Transfer-Encoding"}
		for name, values := range read.Header {
			if !slices.Contains(fields, name) || len(values) != 1 {
				t.Errorf("the header has %s: %q", name, values)
			}
		}
		if list, err := read.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != e.to[0].Address {
			t.Errorf("it goes to %v, %v; want %v", list, err, e.to)
		}
		if list, err := read.Header.AddressList("From"); err != nil || len(list) != 1 || list[0].Address != e.from.Address {
			t.Errorf("it is from %v, %v; want %v", list, err, e.from)
		}
		if is, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil || strings.ContainsAny(is, "\r\n") || len(is) > 3*200 {
			t.Errorf("the subject is %q, %v", is, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
		if lines := strings.NewReplacer("\r\n", "\n", "\r", "\n"); err != nil || lines.Replace(string(body)) != lines.Replace(text) {
			t.Errorf("the text %q arrives as %q, %v", text, body, err)
		}
		for line := range bytes.Lines(sent) {
			if len(line) > 999 {
				t.Errorf("a line has %d bytes: %q", len(line), line)
			}
		}
	})
}
