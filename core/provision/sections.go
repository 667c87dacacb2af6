package provision

import (
	"regexp"
	"strings"
)

var sectionLine = lazily(`^<(/?)([A-Za-z]+)(?:\s+(.*?))?\s*>$`)

func (p *parser) section(line Line) {
	m := sectionLine().FindStringSubmatch(line.Text)
	if m == nil {
		p.leave(line, "it is no section")
		return
	}
	name := strings.ToLower(m[2])
	if m[1] != "" {
		if n := len(p.sections); n > 0 && p.sections[n-1].name == name {
			p.leaveConditions("no rule follows it")
			p.sections = p.sections[:n-1]
		} else {
			p.leave(line, "its section does not begin")
		}
		return
	}
	s := section{name: name, arg: strings.Trim(m[3], `"`)}
	switch {
	case name == "ifmodule" && strings.HasPrefix(s.arg, "!"):
		s.skip = "it is for servers without a module"
	case name == "ifmodule":
	case (name == "files" || name == "filesmatch") && p.files() == "":
		if p.pattern(s) == "" {
			s.skip = "the names in it are not carried over"
		}
	default:
		s.skip = "sections of this kind are not carried over"
	}
	p.sections = append(p.sections, s)
}

// files is the pattern of the section that we are in, "" for none.
func (p *parser) files() string {
	for _, s := range p.sections {
		if s.name == "files" || s.name == "filesmatch" {
			return p.pattern(s)
		}
	}
	return ""
}

func (p *parser) pattern(s section) string {
	if s.name == "files" {
		if !fileName().MatchString(s.arg) {
			return ""
		}
		quoted := strings.NewReplacer(`\*`, `[^/]*`, `\?`, `[^/]`).Replace(regexp.QuoteMeta(s.arg))
		return "^" + quoted + "$"
	}
	if !safePattern(s.arg) {
		return ""
	}
	return s.arg
}

// safePattern tells whether an expression can stand between quotes in either web server's configuration, and is one:
// Go's are without those that take for ever.
func safePattern(s string) bool {
	if s == "" || len(s) > 300 || strings.ContainsAny(s, "\"'`{};<> \t") || strings.HasSuffix(s, `\`) || strings.Contains(s, "%{") {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	_, err := regexp.Compile(s)
	return err == nil
}
