package systemd

import (
	"path"
	"strings"

	"vpm/core"
)

// What goes into a configuration that root reads is made of characters that mean nothing to systemd, PHP-FPM, Apache
// or nginx. There is no quoting: what would need it is refused.

func isPlainByte(c byte) bool {
	return isSlugByte(c) || c >= 'A' && c <= 'Z' || c == '.' || c == '_' || c == '-'
}

// checkRelative refuses all but plain names, separated by slashes, none of which is hidden or leads upwards.
func checkRelative(what, p string) error {
	ok := p != "" && len(p) <= 512
	for name := range strings.SplitSeq(p, "/") {
		ok = ok && name != "" && name[0] != '.' && name[0] != '-'
		for _, c := range []byte(name) {
			ok = ok && isPlainByte(c)
		}
	}
	if !ok {
		return core.Errorf(core.CodeInvalid, "cannot use %.80q as %s: it has to be names of letters, digits, dots, underscores and hyphens, with slashes between", p, what)
	}
	return nil
}

// checkPath refuses all but absolute paths of plain names.
func checkPath(what, p string) error {
	rest, absolute := strings.CutPrefix(p, "/")
	if !absolute || path.Clean(p) != p {
		return core.Errorf(core.CodeInvalid, "cannot use %.80q as %s: it has to be an absolute path", p, what)
	}
	return checkRelative(what, rest)
}

// checkUser refuses all but the names that useradd takes.
func checkUser(name string) error {
	ok := name != "" && len(name) <= 32
	for i, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c == '_' || i > 0 && (c >= '0' && c <= '9' || c == '-'))
	}
	if !ok {
		return core.Errorf(core.CodeInvalid, "cannot use %.40q as the name of a user", name)
	}
	return nil
}

func checkRange(what string, v, least, most int64) error {
	if v < least || v > most {
		return core.Errorf(core.CodeInvalid, "cannot use %d as %s: it has to be from %d to %d", v, what, least, most)
	}
	return nil
}
