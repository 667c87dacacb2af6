package gatetest

import (
	"slices"
	"strings"
)

// forms are the ways in which a gate closes, each alone as well.
var forms = []struct {
	name string
	keep func(block string) string
}{
	{"both", func(block string) string { return block }},
	{"conditions", conditionsOnly},
	{"rules", rulesOnly},
	{"redirect", redirectOnly},
}

// conditionsOnly cuts the rewrite rules out that stand above the conditions.
func conditionsOnly(block string) string {
	from, to := strings.Index(block, " <IfModule LiteSpeed>\n"), strings.Index(block, " <If \"")
	return block[:from] + block[to:]
}

// rulesOnly makes Apache do as LiteSpeed's open edition: it follows all rewrite rules, whatever sections they stand
// in. The conditions keep their headers and the page, so that the same answers can be wanted.
func rulesOnly(block string) string {
	at := strings.Index(block, " <If \"")
	var inside []string
	for line := range strings.Lines(block[at:]) {
		if isRewrite(line) {
			inside = append(inside, strings.Replace(line, "!LiteSpeed", "!Apache", 1))
		}
	}
	above := strings.Replace(block[:at], "<IfModule LiteSpeed>", "<IfModule mod_rewrite.c>", 1)
	return above + strings.Join(inside, "") + noRewriting(drop(block[at:], "RedirectMatch ", "Header always add Set-Cookie "))
}

// redirectOnly is what is left where mod_rewrite is missing.
func redirectOnly(block string) string {
	return strings.ReplaceAll(noRewriting(conditionsOnly(block)), "<IfModule !mod_rewrite.c>", "<IfModule mod_alias.c>")
}

func noRewriting(text string) string { return drop(text, "Rewrite") }

// drop takes the lines out that begin with one of the words.
func drop(text string, words ...string) string {
	return strings.Join(slices.DeleteFunc(strings.SplitAfter(text, "\n"), func(line string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(strings.TrimSpace(line), w) })
	}), "")
}

func isRewrite(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "Rewrite") }
