package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// instance is what the torture knows of one.
type instance struct {
	world *world
	id    string
	dir   string
	url   string

	mu      sync.Mutex
	outer   []byte // what the .htaccess has besides the gate
	exists  bool   // there is a file without the gate
	stale   []byte // a gate that stood once
	history []string
	// made has, by reason, what was answered to the changes of this round. A client that was not answered knows
	// nothing.
	made map[string]made
	// counted are the changes that carry no reason, by action: those that were answered and those that may have been made.
	counted map[string]*atLeast

	ends map[string]time.Time // of the stops that were asked for with an end, by reason

	told told // what the events up to the last calm make of it
}

type made struct {
	action  string
	outcome outcome
	changed bool
	pid     string
}

type atLeast struct{ surely, maybe int }

func (w *world) newInstance(n int) (*instance, error) {
	name := fmt.Sprintf("torture-%03d", n)
	in := &instance{world: w, id: name, dir: filepath.Join(w.host.Docroot, "s", name), url: w.host.URL + "/s/" + name + "/"}
	in.ends = map[string]time.Time{}
	in.forget()
	if err := os.MkdirAll(in.dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(in.dir, "index.html"), []byte(in.page()), 0o644); err != nil {
		return nil, err
	}
	if n%3 > 0 {
		in.exists, in.outer = true, fmt.Appendf(nil, "# rules of %s\n%s", name, wordPressRules)
		if err := os.WriteFile(in.file(), in.outer, 0o644); err != nil {
			return nil, err
		}
	}
	return in, w.host.Chown(filepath.Join(w.host.Docroot, "s"))
}

const wordPressRules = `# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . index.html [L]
</IfModule>
# END WordPress
`

func (in *instance) page() string { return "this is " + in.id + "\n" }
func (in *instance) file() string { return filepath.Join(in.dir, ".htaccess") }

func (in *instance) create() call {
	return call{method: "POST", path: "/instances/create.php", body: map[string]any{"instance_id": in.id, "instance_name": in.id,
		"cms_type": "native", "database_name": "none", "path": in.dir, "url": in.url}}
}

// forget begins a round.
func (in *instance) forget() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.made, in.counted = map[string]made{}, map[string]*atLeast{}
	if len(in.history) > 60 {
		in.history = append([]string(nil), in.history[len(in.history)-60:]...)
	}
}

func (in *instance) note(format string, args ...any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.history = append(in.history, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// ending notes when a stop is to end.
func (in *instance) ending(reason string, end time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ends[reason] = end
}

// changed stores what came of a change.
func (in *instance) changed(action, reason string, out outcome, fields map[string]any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if reason != "" {
		m := made{action: action, outcome: out}
		m.changed, _ = fields["changed"].(bool)
		m.pid, _ = fields["virtual_pid"].(string)
		in.made[reason] = m
		return
	}
	n := in.counted[action]
	if n == nil {
		n = &atLeast{}
		in.counted[action] = n
	}
	switch out {
	case succeeded:
		n.surely++
	case unknown:
		n.maybe++
	}
}

func (in *instance) lastHistory() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return strings.Join(in.history, "\n")
}
