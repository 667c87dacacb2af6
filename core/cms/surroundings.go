package cms

import (
	"path/filepath"
	"strings"
)

// environment is getenv(name), or with absent null the element of $_ENV and $_SERVER.
func (m *machine) environment(name string, absent kind) value {
	if ofRequest(name) {
		return value{}
	}
	if m.env != nil {
		if s, set := m.env(name); set {
			return textOf(s)
		}
	}
	return value{kind: absent, unset: true}
}

// ofRequest tells whether the web server sets the variable for each request; see RFC 3875, section 4.1, and
// https://www.php.net/manual/en/reserved.variables.server.php.
func ofRequest(name string) bool {
	for _, prefix := range []string{"HTTP_", "SERVER_", "REQUEST_", "REMOTE_", "SCRIPT_", "SSL_", "REDIRECT_", "PATH_", "AUTH_",
		"CONTENT_", "CONTEXT_", "PHP_", "ORIG_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "HTTPS", "DOCUMENT_ROOT", "DOCUMENT_URI", "GATEWAY_INTERFACE", "QUERY_STRING", "UNIQUE_ID", "argv", "argc":
		return true
	}
	return false
}

// include runs a file within another; dir is where a relative path begins.
func (m *machine) include(v value, dir string, c certainty) {
	path, known := v.text()
	if c == skipped {
		return
	}
	if !known || path == "" || m.read == nil {
		m.blind = true
		return
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	path = resolved(path)
	if filepath.Base(path) == "wp-settings.php" { // WordPress itself: what is set after it has no say
		if c == runs {
			m.over = skipped
		}
		return
	}
	if m.included[path] || m.exists != nil && !m.exists(path) {
		return
	}
	if len(m.included) >= maxFiles || m.within >= maxIncludes {
		m.blind = true
		return
	}
	m.included[path] = true
	src, err := m.read(path)
	if err != nil {
		m.blind = true
		return
	}
	m.within++
	p := &script{machine: m, lx: lexer{src: src}, path: path, at: c}
	p.run()
	m.within--
}
