package cms

import (
	"strconv"
	"strings"
)

// splitHost reads the forms of DB_HOST and of Joomla's $host: name, name:port, name:/socket, :/socket, :port,
// unix:/socket, ::1 and [::1]:port. It follows wpdb::parse_db_host in wp-includes/class-wpdb.php,
// connect() of Joomla's mysqli driver, and PHP's mysqlnd, which takes a socket for localhost only.
func splitHost(s string) (host string, port int, socket string, ok bool) {
	if path, found := strings.CutPrefix(s, "unix:"); found {
		return "", 0, path, strings.HasPrefix(path, "/")
	}
	if i := strings.Index(s, ":/"); i >= 0 {
		s, socket = s[:i], s[i+1:]
	}
	digits := ""
	if strings.Count(s, ":") > 1 {
		host, digits = splitIPv6(s)
	} else {
		host, digits, _ = strings.Cut(s, ":")
		host, _, _ = strings.Cut(host, "/")
	}
	if digits = leadingDigits(digits); digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || !isPort(n) {
			return "", 0, "", false
		}
		port = n
	}
	if !isHost(host) {
		return "", 0, "", false
	}
	local := host == "" || strings.EqualFold(host, "localhost")
	switch {
	case local && socket != "":
		return "", 0, socket, true
	case local:
		host = "localhost"
	}
	return host, port, "", true
}

// splitIPv6 takes an address with or without brackets apart; a port follows brackets only.
func splitIPv6(s string) (host, port string) {
	inner, bracketed := strings.CutPrefix(s, "[")
	end := 0
	for end < len(inner) && (inner[end] == ':' || strings.IndexByte(hexDigits, inner[end]) >= 0) {
		end++
	}
	if port, found := strings.CutPrefix(inner[end:], "]:"); found && bracketed {
		return inner[:end], port
	}
	return inner[:end], ""
}

func leadingDigits(s string) string { return s[:digits(s, len(s), "0123456789")] }

func isPort(n int) bool { return n > 0 && n < 1<<16 }

// isHost tells whether s may be the name or the address of a host; "" is the local one.
func isHost(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || !isNameByte(c) && c != '.' && c != '-' && c != ':' {
			return false
		}
	}
	return len(s) <= 255
}
