package provision

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// lazily compiles an expression when it is first used.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

var (
	fileName   = lazily(`^[A-Za-z0-9._*?-]{1,100}$`)
	urlPath    = lazily(`^/[A-Za-z0-9._~/+@!-]{0,500}$`)
	urlTarget  = lazily(`^(?:https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)?(?:/[A-Za-z0-9._~/+@!?&=,#$-]{0,1000})?$`)
	headerName = lazily(`^[A-Za-z0-9-]{1,64}$`)
	// Header values have formats with %, which could bring in what the server knows.
	headerText = lazily(`^[A-Za-z0-9 !#&'()*+,./:;<=>?@\[\]^_|~-]*$`)
	mediaType  = lazily(`^[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+*-]{1,60}$`)
	extension  = lazily(`^\.?[A-Za-z0-9_-]{1,20}$`)
	expiry     = lazily(`^(?i:(?:access|now|modification)(?: plus)?(?: [0-9]{1,9} (?:year|month|week|day|hour|minute|second)s?)+|[AM][0-9]{1,9})$`)
	charset    = lazily(`^[A-Za-z0-9_-]{1,30}$`)
)

// directive carries over what is on a short list, and only in the forms that it knows.
func (p *parser) directive(line Line, name string, args []string) {
	add := func(name string, args ...string) {
		p.rules = append(p.rules, rule{Dir: p.dir, Files: p.files(), Name: name, Args: args, Line: Line{File: line.File, Line: line.Line, Text: cut(line.Text)}})
		p.hold(line, "")
	}
	if status, ok := map[string]string{"redirectpermanent": "301", "redirecttemp": "302"}[name]; ok {
		name, args = "redirect", append([]string{status}, args...)
	}
	switch name {
	case "redirect", "redirectmatch":
		if args, ok := redirect(name, args); ok {
			add(name, args...)
			return
		}
	case "header":
		if args, ok := headerArgs(args); ok {
			add(name, args...)
			return
		}
	case "errordocument":
		if len(args) == 2 && args[0] == "503" {
			p.leave(line, "that page is the gate's")
			return
		}
		if len(args) == 2 && len(args[0]) == 3 && (args[0][0] == '4' || args[0][0] == '5') && strings.Trim(args[0], "0123456789") == "" && urlPath().MatchString(args[1]) {
			add(name, args...)
			return
		}
	case "addtype":
		if len(args) >= 2 && mediaType().MatchString(args[0]) && !strings.Contains(strings.ToLower(args[0]), "httpd") && all(args[1:], func(s string) bool {
			return extension().MatchString(s) && !strings.Contains(strings.ToLower(s), "ph") // PHP has many
		}) {
			add(name, args...)
			return
		}
	case "expiresactive":
		if len(args) == 1 && (strings.EqualFold(args[0], "on") || strings.EqualFold(args[0], "off")) {
			add(name, args...)
			return
		}
	case "expiresdefault":
		if len(args) == 1 && expiry().MatchString(args[0]) {
			add(name, args...)
			return
		}
	case "expiresbytype":
		if len(args) == 2 && mediaType().MatchString(args[0]) && expiry().MatchString(args[1]) {
			add(name, args...)
			return
		}
	case "adddefaultcharset":
		if len(args) == 1 && charset().MatchString(args[0]) {
			add(name, args...)
			return
		}
	case "directoryindex":
		if len(args) > 0 && all(args, func(s string) bool { return fileName().MatchString(s) && !strings.ContainsAny(s, "*?") }) {
			add(name, args...)
			return
		}
	case "options":
		if len(args) > 0 && all(args, func(s string) bool {
			return slices.Contains([]string{"-indexes", "-multiviews", "-execcgi", "-includes", "+symlinksifownermatch", "+followsymlinks"}, strings.ToLower(s))
		}) {
			p.hold(line, "the fragment's own options")
			return
		}
	case "require", "deny":
		if said := strings.ToLower(strings.Join(args, " ")); said == "all denied" || name == "deny" && said == "from all" {
			add("deny")
			return
		}
		if strings.EqualFold(strings.Join(args, " "), "all granted") && p.files() == "" && p.dir == "" {
			p.hold(line, "the fragment's own rule")
			return
		}
	case "order", "satisfy":
		p.hold(line, "what is carried over needs no order")
		return
	case "fallbackresource":
		if p.dir == "" {
			p.hold(line, "the fragment's front controller")
			return
		}
	case "php_value", "php_flag", "php_admin_value", "php_admin_flag":
		p.leave(line, "limits of PHP are the instance's configuration")
		return
	}
	p.leave(line, "it is not carried over in this form")
}

func all(words []string, ok func(string) bool) bool {
	return !slices.ContainsFunc(words, func(s string) bool { return !ok(s) })
}

// redirect gives a Redirect or RedirectMatch with its status first, as a number.
func redirect(name string, args []string) ([]string, bool) {
	if len(args) == 0 {
		return nil, false
	}
	status, named := map[string]string{"permanent": "301", "temp": "302", "seeother": "303", "gone": "410"}[strings.ToLower(args[0])]
	switch {
	case named:
		args = args[1:]
	case slices.Contains([]string{"301", "302", "303", "307", "308", "410"}, args[0]):
		status, args = args[0], args[1:]
	default:
		status = "302"
	}
	if len(args) != 2 && !(len(args) == 1 && status == "410") {
		return nil, false
	}
	switch {
	case name == "redirect" && (!urlPath().MatchString(args[0]) || strings.Contains(args[0], "..")),
		name == "redirectmatch" && !safePattern(args[0]),
		status == "410" && len(args) == 2,
		len(args) == 2 && (args[1] == "" || !urlTarget().MatchString(args[1])):
		return nil, false
	}
	if len(args) == 2 && strings.Contains(args[1], "$") && (name == "redirect" || !references().MatchString(args[1])) {
		return nil, false
	}
	return append([]string{status}, args...), true
}

// references are targets whose every $ is that of a group.
var references = lazily(`^(?:[^$]|\$[0-9])*$`)

// headerArgs gives a Header directive as condition, action, name and value.
func headerArgs(args []string) ([]string, bool) {
	condition := ""
	if len(args) > 0 && slices.Contains([]string{"always", "onsuccess"}, strings.ToLower(args[0])) {
		condition, args = strings.ToLower(args[0]), args[1:]
	}
	if len(args) < 2 || !headerName().MatchString(strings.TrimSuffix(args[1], ":")) {
		return nil, false
	}
	action, name := strings.ToLower(args[0]), strings.TrimSuffix(args[1], ":")
	if slices.Contains([]string{"connection", "content-length", "transfer-encoding", "upgrade", "trailer", "te", "x-sendfile", "status"}, strings.ToLower(name)) {
		return nil, false
	}
	switch {
	case action == "unset" && len(args) == 2:
		return []string{condition, action, name}, true
	case slices.Contains([]string{"set", "append", "add", "merge"}, action) && len(args) == 3 && headerText().MatchString(args[2]):
		return []string{condition, action, name, args[2]}, true
	}
	return nil, false
}
