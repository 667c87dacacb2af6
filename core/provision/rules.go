package provision

import (
	"fmt"
	"regexp"
	"strings"
)

// apacheRules writes what was carried over, each rule in a section for its directory, after the fragment, whose word the
// server then merges them over. That may close and redirect more; what the fragment denies stays denied, for
// nothing here allows.
func apacheRules(docroot string, rules []rule) string {
	var b strings.Builder
	for _, r := range rules {
		line := r.apache()
		if module, ok := map[string]string{"header": "headers", "expiresactive": "expires", "expiresdefault": "expires", "expiresbytype": "expires"}[r.Name]; ok {
			line = fmt.Sprintf("<IfModule mod_%s.c>\n %s\n</IfModule>", module, line)
		}
		if r.Files != "" {
			line = fmt.Sprintf("<FilesMatch \"%s\">\n %s\n</FilesMatch>", r.Files, line)
		}
		dir := docroot
		if r.Dir != "" {
			dir += "/" + r.Dir
		}
		fmt.Fprintf(&b, "<Directory \"%s\">\n %s\n</Directory>\n", dir, line)
	}
	return b.String()
}

func (r rule) apache() string {
	switch r.Name {
	case "deny":
		return "Require all denied"
	case "header":
		return "Header " + strings.TrimSpace(r.Args[0]+" "+quoted(r.Args[1:]))
	}
	return r.Name + " " + quoted(r.Args)
}

// quoted puts words between quotes. None has one in it: see words.
func quoted(words []string) string { return `"` + strings.Join(words, `" "`) + `"` }

// nginxRules writes those that nginx knows, to be included in the instance's location, and gives the lines of others.
// Of two for one place the first counts, as with Apache; nginx refuses a second.
func nginxRules(path string, rules []rule) (text string, left []Line) {
	prefix := strings.TrimSuffix(path, "/") + "/"
	seen := map[string]bool{}
	var b strings.Builder
	for _, r := range rules {
		var place, what string
		switch {
		case r.Name == "deny" && r.Files == "" && r.Dir != "":
			place, what = "~ \"^"+regexp.QuoteMeta(prefix+r.Dir)+"(/|$)\"", "deny all;"
		case r.Name == "deny" && r.Files != "":
			inside, anchored := strings.CutPrefix(r.Files, "^")
			if !anchored || strings.ContainsAny(inside, "|(") {
				left = append(left, r.Line)
				continue
			}
			at := prefix
			if r.Dir != "" {
				at += r.Dir + "/"
			}
			place, what = "~ \"^"+regexp.QuoteMeta(at)+"(.*/)?"+inside+"\"", "deny all;"
		case r.Name == "redirect" && r.Files == "" && strings.HasPrefix(r.Args[1], prefix) && r.Args[1] != prefix:
			from := strings.TrimSuffix(r.Args[1], "/")
			place, what = "~ \"^"+regexp.QuoteMeta(from)+"(?<vpm_rest>/.*)?$\"", "return 410;"
			if len(r.Args) == 3 {
				to := strings.TrimSuffix(r.Args[2], "/")
				what = fmt.Sprintf(`return %s "%s$vpm_rest$is_args$args";`, r.Args[0], to)
			}
		}
		if place == "" {
			left = append(left, r.Line)
			continue
		}
		if !seen[place] {
			seen[place] = true
			fmt.Fprintf(&b, "location %s { %s }\n", place, what)
		}
	}
	return b.String(), left
}
