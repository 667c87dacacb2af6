package provision

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// rule is what a line of a .htaccess file asks for, taken apart and checked, so that it can be written in the words of
// either web server. The web server takes no .htaccess of a site's own: one could reach the sockets of others.
type rule struct {
	Dir   string   `json:"dir"`   // below the document root, "" for that itself
	Files string   `json:"files"` // the names of the files that it is for, as the argument of FilesMatch; "" all
	Name  string   `json:"name"`  // the directive, in lower case
	Args  []string `json:"args"`
	Line  Line     `json:"line"`
}

// parser reads one .htaccess file.
type parser struct {
	dir     string
	name    string // of the file, for people
	rules   []rule
	carried []Line
	left    []Line

	sections []section
	stack    []rewrite // conditions that wait for their rule
	stock    bool      // all of them are those of a CMS's own front controller
}

type section struct {
	name string // in lower case
	arg  string
	skip string // why nothing in it is carried; "" where it is
}

type rewrite struct{ line Line }

// carry reads the text of a .htaccess file in a directory below the document root.
func carry(dir, text string) (rules []rule, carried, left []Line) {
	p := &parser{dir: dir, name: path.Join(dir, ".htaccess"), stock: true}
	unplain := !plainDir(dir)
	number, continued := 0, false
	for raw := range strings.Lines(text) {
		number++
		line := Line{File: p.name, Line: number, Text: strings.TrimSpace(raw)}
		was := continued
		continued = strings.HasSuffix(line.Text, `\`)
		switch {
		case line.Text == "" || strings.HasPrefix(line.Text, "#") && !was:
		case was || continued:
			p.leave(line, "it goes on over several lines")
		case unplain:
			p.leave(line, "the name of its directory has characters that mean something to a web server")
		default:
			p.line(line)
		}
	}
	p.leaveConditions("no rule follows it")
	return p.rules, p.carried, p.left
}

func plainDir(dir string) bool {
	return !strings.ContainsFunc(dir, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-", r))
	})
}

// leave lists a line that does not hold on. Values that are secrets as often as not stay out of it.
func (p *parser) leave(line Line, why string) {
	line.Why = why
	words := strings.Fields(line.Text)
	switch strings.ToLower(words[0]) {
	case "setenv", "requestheader", "php_value", "php_admin_value":
		if len(words) > 2 {
			line.Text = words[0] + " " + words[1] + " …"
		}
	}
	line.Text = cut(line.Text)
	p.left = append(p.left, line)
}

// cut shortens what is shown to people, and takes out what is no text.
func cut(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200]) + "…"
	}
	return s
}

func (p *parser) hold(line Line, why string) {
	line.Why, line.Text = why, cut(line.Text)
	p.carried = append(p.carried, line)
}

func (p *parser) line(line Line) {
	if strings.HasPrefix(line.Text, "<") {
		p.section(line)
		return
	}
	for _, s := range p.sections {
		if s.skip != "" {
			p.leave(line, s.skip)
			return
		}
	}
	words, ok := words(line.Text)
	if !ok {
		p.leave(line, "it has characters that are not carried over")
		return
	}
	name := strings.ToLower(words[0])
	if strings.HasPrefix(name, "rewrite") {
		p.rewrite(line, name, words[1:])
		return
	}
	p.directive(line, name, words[1:])
}

// words takes a line apart. There is no escaping in what is carried over, nothing that Apache would put in the place of
// something else, and nothing but ASCII.
func words(text string) ([]string, bool) {
	var all []string
	for _, c := range []byte(text) {
		if c < ' ' && c != '\t' || c > '~' {
			return nil, false
		}
	}
	if strings.Contains(text, "${") || strings.Contains(text, "'") {
		return nil, false
	}
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		var word string
		if text[0] == '"' {
			end := strings.IndexByte(text[1:], '"')
			if end < 0 || len(text) > end+2 && text[end+2] != ' ' && text[end+2] != '\t' {
				return nil, false
			}
			word, text = text[1:end+1], text[end+2:]
			if strings.Contains(word, `\`) && len(all) > 0 && !strings.HasPrefix(strings.ToLower(all[0]), "rewrite") {
				return nil, false
			}
		} else {
			end := strings.IndexAny(text, " \t")
			if end < 0 {
				end = len(text)
			}
			word, text = text[:end], text[end:]
			if strings.Contains(word, `"`) {
				return nil, false
			}
		}
		all = append(all, word)
	}
	return all, len(all) > 0
}

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

// rewrite goes by whole rules with their conditions. Those of the CMSs' own files that send everything to index.php say
// what the fragment does anyway; of the others none is carried over, for a rule can send a request to any socket.
func (p *parser) rewrite(line Line, name string, args []string) {
	why := "rewrite rules are not carried over"
	switch name {
	case "rewriteengine":
		if len(args) == 1 && strings.EqualFold(args[0], "on") {
			p.hold(line, "the fragment's front controller")
			return
		}
	case "rewritebase":
		p.hold(line, "the fragment's front controller")
		return
	case "rewritecond":
		p.stack = append(p.stack, rewrite{line})
		p.stock = p.stock && slices.Contains(stockConditions(), strings.Join(args, " "))
		return
	case "rewriterule":
		if p.dir == "" && p.stock && stockRule(args) {
			for _, r := range p.stack {
				p.hold(r.line, "the fragment's front controller")
			}
			p.stack, p.stock = nil, true
			p.hold(line, "the fragment's front controller")
			return
		}
	}
	p.leaveConditions(why)
	p.leave(line, why)
}

func (p *parser) leaveConditions(why string) {
	for _, r := range p.stack {
		p.leave(r.line, why)
	}
	p.stack, p.stock = nil, true
}

// stockConditions are those of WordPress, Joomla and Drupal before the rule of their front controller.
func stockConditions() []string {
	return []string{"%{REQUEST_FILENAME} !-f", "%{REQUEST_FILENAME} !-d", "%{REQUEST_URI} !^/index\\.php", "%{REQUEST_URI} !=/favicon.ico",
		"%{HTTP:Authorization} .", "%{HTTP:Authorization} ^(.*)"}
}

var frontController = lazily(`^(/?[A-Za-z0-9._-]+)*/?index\.php$`)

func stockRule(args []string) bool {
	if len(args) == 2 {
		args = append(args, "")
	}
	if len(args) != 3 {
		return false
	}
	for flag := range strings.SplitSeq(strings.Trim(args[2], "[]"), ",") {
		switch flag {
		case "", "L", "QSA", "END", "E=HTTP_AUTHORIZATION:%{HTTP:Authorization}", "E=HTTP_AUTHORIZATION:%1":
		default:
			return false
		}
	}
	catchAll := slices.Contains([]string{".", ".*", "^", "^(.*)$", "(.*)"}, args[0])
	if args[1] == "-" {
		return args[0] == `^index\.php$` || catchAll && strings.Contains(args[2], "HTTP_AUTHORIZATION")
	}
	return catchAll && frontController().MatchString(args[1])
}
