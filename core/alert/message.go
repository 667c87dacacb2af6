package alert

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"vpm/core"
)

// compose writes the message (RFC 5322) with lines that end in LF; SMTP wants CRLF and sendmail LF. It is the same at
// every attempt: Date is when the state changed, and Message-ID is the alert's ID.
func compose(a core.Alert, e envelope) []byte {
	var to []string
	for _, one := range e.to {
		to = append(to, one.String())
	}
	var b bytes.Buffer
	for _, field := range [][2]string{
		{"From", e.from.String()},
		{"To", strings.Join(to, ",\n ")},
		{"Subject", encodeSubject(a.Subject)},
		{"Date", a.At.UTC().Format(time.RFC1123Z)},
		{"Message-ID", messageID(a, e.from)},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: no out-of-office note in return
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\n", field[0], field[1])
	}
	b.WriteByte('\n')
	text := quotedprintable.NewWriter(&b)
	_, _ = text.Write([]byte(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(a.Text))) // a Buffer takes everything
	_ = text.Close()
	return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n"))
}

// encodeSubject puts each encoded word on a line of its own: such a line may have 76 characters (RFC 2047), the name of
// the field included.
func encodeSubject(s string) string {
	words := strings.Split(mime.QEncoding.Encode("utf-8", core.Cut(oneLine(s), 200)), "?= =?")
	if strings.HasPrefix(words[0], "=?") && len(words[0]) > 60 {
		words[0] = "\n " + words[0]
	}
	return strings.Join(words, "?=\n =?")
}

func messageID(a core.Alert, from *mail.Address) string {
	_, domain, _ := strings.Cut(from.Address, "@")
	return "<" + oneLine(a.ID) + "@" + domain + ">"
}
