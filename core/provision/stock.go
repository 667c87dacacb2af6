package provision

import (
	"slices"
	"strings"
)

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
		p.stack = append(p.stack, line)
		p.stock = p.stock && slices.Contains(stockConditions(), strings.Join(args, " "))
		return
	case "rewriterule":
		if p.dir == "" && p.stock && stockRule(args) {
			for _, condition := range p.stack {
				p.hold(condition, "the fragment's front controller")
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
	for _, condition := range p.stack {
		p.leave(condition, why)
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
