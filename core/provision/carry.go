package provision

import (
	"path"
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
	stack    []Line // conditions that wait for their rule
	stock    bool   // all of them are those of a CMS's own front controller
}

type section struct {
	name string // in lower case
	arg  string
	skip string // why nothing in it is carried; "" where it is
}

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
