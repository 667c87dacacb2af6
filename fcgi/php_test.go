package main

import (
	"testing"

	"vpm/scripts/php"
)

// TestPHPClass makes every call of the PHP class through the web servers before vpm serve.
func TestPHPClass(t *testing.T) {
	t.Parallel()
	p, held := sharedPanel(t), holdSocket(t)
	launch(t, held, nil, p.args()...)
	urls := map[string]bool{}
	for _, f := range startFronts(t, held.Addr().String()) {
		urls[f.url] = true // the way that the address itself chooses
	}
	for url := range urls {
		php.Caller{Options: map[string]any{"url": url + "/api", "token": p.token}}.Try(t, instance, "virtual")
	}
}
