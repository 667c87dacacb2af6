package alert

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// security is how the connection to a mail server is encrypted.
type security int

const (
	clear security = iota
	startTLS
	implicitTLS
)

// relay is a mail server that takes mail for others, as Mail.SMTP has it.
type relay struct {
	host, port     string
	security       security
	user, password string // "" for no login
}

// parseRelay reads Mail.SMTP. Its errors do not repeat it: it holds a password.
func parseRelay(s string) (relay, error) {
	u, err := url.Parse(s)
	if err != nil {
		return relay{}, badMail("the URL of the SMTP server must be one as smtp://user:password@host:587; " +
			"in the password, % is written %25, # is %23, / is %2F and ? is %3F")
	}
	if !isHost(u.Hostname()) || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return relay{}, badMail("the URL of the SMTP server must be a server's, as smtp://user:password@host:587")
	}
	r := relay{host: u.Hostname(), port: u.Port()}
	if r.user = u.User.Username(); u.User != nil {
		r.password, _ = u.User.Password()
		if r.user == "" || r.password == "" {
			return relay{}, badMail("the URL of the SMTP server needs a user and a password, or neither")
		}
	}
	local := isLoopback(r.host)
	asked, queryErr := url.ParseQuery(u.RawQuery)
	choice := asked.Get("tls")
	delete(asked, "tls")
	switch {
	case queryErr != nil || len(asked) > 0:
		return relay{}, badMail("the URL of the SMTP server can be followed by ?tls=none or ?tls=starttls only")
	case u.Scheme == "smtps" && choice == "":
		r.security = implicitTLS
	case u.Scheme == "smtp" && (choice == "starttls" || choice == "" && !local):
		r.security = startTLS
	case u.Scheme == "smtp" && (choice == "none" || choice == ""):
		r.security = clear
	default:
		return relay{}, badMail("the URL of the SMTP server must begin with smtp:// or smtps://; " +
			"after smtp it may end in ?tls=starttls or ?tls=none")
	}
	if r.security == clear && r.user != "" && !local {
		return relay{}, badMail("the password of the SMTP server would be sent in the clear; use smtps:// or leave out ?tls=none")
	}
	if r.port == "" {
		r.port = map[security]string{clear: "25", startTLS: "587", implicitTLS: "465"}[r.security]
	}
	if n, err := strconv.ParseUint(r.port, 10, 16); err != nil || n == 0 {
		return relay{}, badMail("the URL of the SMTP server has a port that is none; it must be between 1 and 65535")
	}
	return r, nil
}

// isHost tells whether an address or a name can be that of a machine; a label of it may have letters of any script.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	other := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r)
	}
	return s != "" && !strings.ContainsFunc(s, other)
}

// isLoopback goes by the name alone: what DNS says of one is for others to decide.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
