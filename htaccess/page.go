package htaccess

import (
	"fmt"
	"strings"
	"time"
)

const pageHead = `<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>` +
	`<meta name=robots content=noindex><title>Not available right now</title><style>` +
	`:root{color-scheme:light dark}` +
	`body{margin:0;min-height:90vh;display:grid;place-items:center;font:1.1rem/1.6 system-ui,sans-serif;background:#f6f7f9;color:#1d2433}` +
	`main{max-width:34rem;padding:1.5rem;overflow-wrap:anywhere}h1{font-size:1.7rem;line-height:1.25;margin:0 0 .6rem}` +
	`p{margin:.5rem 0}@media(prefers-color-scheme:dark){body{background:#14181f;color:#e4e8ef}}` +
	`</style></head><body><main><h1>This site is not available right now</h1>`

const pageTail = `</main></body></html>`

// DefaultPage is the page of a stopped site: the reason, where there is one, and when the site is back, where that is
// known. It is one line of plain ASCII without double quotes, %, $ and \, so that it can stand in Apache's
// ErrorDocument, which evaluates %{…} and is sent as ISO 8859-1, and in a string of nginx.
func DefaultPage(reason string, until time.Time) string {
	var b strings.Builder
	b.WriteString(pageHead)
	if reason = strings.TrimSpace(reason); reason != "" {
		b.WriteString("<p>" + encode(reason) + "</p>")
	}
	if until.IsZero() {
		b.WriteString("<p>Please come back later.</p>")
	} else {
		until = until.UTC()
		fmt.Fprintf(&b, "<p>It is expected back on <time datetime='%s'>%s UTC</time>.</p>",
			until.Format(time.RFC3339), until.Format("2 January 2006, 15:04"))
	}
	b.WriteString(pageTail)
	return b.String()
}

// encode is text as HTML of letters, digits, spaces and character references.
func encode(text string) string {
	var b strings.Builder
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString("<br>")
		case r < ' ', r >= 0x7f && r < 0xa0: // HTML has no references for control characters
			b.WriteByte(' ')
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(" .,:-()!?/", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}
