package htaccess

import (
	"html"
	"strings"
	"testing"
	"time"
)

func TestDefaultPage(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 24, 11, 0, 0, 0, time.FixedZone("", 3600))
	reason := "<b> \"q\" 'q' \\ %{x} $1 ${y} é 😀\nsecond"
	page := DefaultPage(reason, until)
	for _, c := range []string{`"`, `\`, "%", "$", "\n", "\r", "url(", "src=", "href="} {
		if strings.Contains(page, c) {
			t.Errorf("the page has %q: %s", c, page)
		}
	}
	if strings.ContainsFunc(page, func(r rune) bool { return r > '~' || r < ' ' }) {
		t.Errorf("the page has other than ASCII: %s", page)
	}
	for _, want := range []string{strings.ReplaceAll(reason, "\n", "<br>"), "datetime='2026-11-24T10:00:00Z'>24 November 2026, 10:00 UTC<", "color-scheme:light dark"} {
		if !strings.Contains(html.UnescapeString(page), want) {
			t.Errorf("the page lacks %q: %s", want, page)
		}
	}
	if page = DefaultPage(" \n", time.Time{}); !strings.Contains(page, "come back later") || strings.Contains(page, "<p></p>") {
		t.Errorf("without a reason: %s", page)
	}
}
