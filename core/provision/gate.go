package provision

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/systemd"
	"vpm/htaccess"
)

// Gates closes and opens instances for visitors, as the server's user. Its Set is for systemd.Runtime.
//
// Apache reads the very block of virtual mode from SLUG/web/.htaccess, at the next request and without root: that
// directory takes .htaccess files, the site's own below it does not. Who may write there may have Apache send requests
// to any instance's socket; that is the server's user, who may do so without Apache too.
//
// nginx reads no such file, and an include that the server's user could write to would be root's configuration in its
// hands. So a root unit takes the values of the gate, checks them, and writes nginx's form of the same gate. Pages and
// flags that nginx would look for at each request could do without the reload, and not without other answers than
// Apache's: no Until, no link that becomes a cookie.
type Gates struct {
	Paths Paths
	Units *systemd.Units
	// Panel are the directories of the panel: what lies there stays open where an instance has all of its host.
	Panel []string
}

// gateRequest is what root is asked to close, the content of SLUG.gate.json.
type gateRequest struct {
	Closed   bool      `json:"closed"`
	Gate     gate      `json:"gate"`
	Original *original `json:"original,omitempty"` // nil: an instance that was provisioned
}

// gate is an htaccess.Gate as it goes from the server's user to root.
type gate struct {
	Instance    string        `json:"instance"`
	Reason      string        `json:"reason,omitempty"`
	Until       time.Time     `json:"until,omitzero"`
	RetryAfter  time.Duration `json:"retry_after_ns,omitempty"`
	Bypass      string        `json:"bypass,omitempty"`
	BypassUntil time.Time     `json:"bypass_until,omitzero"`
	OpenPaths   []string      `json:"open_paths,omitempty"`
	OpenDirs    []string      `json:"open_dirs,omitempty"`
	Host        string        `json:"host,omitempty"`
	Path        string        `json:"path,omitempty"`
	Page        string        `json:"page,omitempty"`
	PagePath    string        `json:"page_path,omitempty"`
}

// gateAnswer is what root has come to, the content of SLUG.gate in the directory of results.
type gateAnswer struct {
	Request string   `json:"request"` // as in a Result
	Error   *Failure `json:"error,omitempty"`
}

// Set has the web servers answer for the instance with 503, or opens it again where closed is nil. An instance that is
// not served anywhere has no gate.
func (g Gates) Set(ctx context.Context, slug string, closed *htaccess.Gate) error {
	if err := systemd.CheckSlug(slug); err != nil {
		return err
	}
	if err := g.apache(slug, closed); err != nil {
		return err
	}
	for _, pattern := range []string{"/*-" + slug + ".conf", "/*/*-" + slug + ".conf"} {
		if found, _ := filepath.Glob(g.Paths.Nginx.Fragments + pattern); len(found) > 0 {
			return g.nginx(ctx, slug, closed)
		}
	}
	return nil
}

const tries = 5 // of a change of a file that others change meanwhile

func (g Gates) apache(slug string, closed *htaccess.Gate) error {
	path := filepath.Join(g.Paths.Sites, slug, "web", ".htaccess")
	var err error
	for range tries {
		if err = editGate(path, closed); !errors.Is(err, atomicfile.ErrChanged) {
			break
		}
	}
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot set the gate of %s: %w", slug, err)
	}
	return nil
}

func editGate(path string, closed *htaccess.Gate) error {
	was, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		was, err = nil, nil
	}
	if err != nil {
		return err
	}
	var file []byte
	if was != nil {
		if file, err = os.ReadFile(path); err != nil {
			return err
		}
	}
	text, exists := htaccess.Open(file)
	if closed != nil {
		block, err := closed.Render()
		if err != nil {
			return err
		}
		text, exists = htaccess.Close(file, was != nil, block), true
	}
	switch {
	case !exists && was != nil:
		return atomicfile.Remove(path, was)
	case !exists || was != nil && string(text) == string(file):
		return nil
	case was == nil && closed == nil: // nor need there be a site
		return nil
	}
	return atomicfile.Replace(path, text, was)
}

func (g Gates) nginx(ctx context.Context, slug string, closed *htaccess.Gate) error {
	q := gateRequest{}
	if closed != nil {
		q = gateRequest{Closed: true, Gate: gate(*closed)}
		q.Gate.OpenDirs = g.Panel
	}
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if g.Paths.answered(slug, text) == nil {
		return nil // nginx has it: ticks ask for the same again and again
	}
	return g.Paths.ask(ctx, g.Units, slug, text)
}

// answered tells what came of a request for a gate.
func (p Paths) answered(slug string, request []byte) error {
	var a gateAnswer
	text, err := os.ReadFile(filepath.Join(p.Results, slug+".gate"))
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	switch {
	case err != nil:
		return core.Errorf(core.CodeUnavailable, "cannot read what came of the gate of %s: %w", slug, err)
	case a.Request != sum(request):
		return core.Errorf(core.CodeConflict, "cannot tell what came of the gate of %s: another request took its place", slug)
	case a.Error != nil:
		return core.Errorf(a.Error.Code, "%s", a.Error.Message)
	}
	return nil
}

// ask leaves a request for a gate and has root carry it out.
func (p Paths) ask(ctx context.Context, units *systemd.Units, slug string, request []byte) error {
	if err := atomicfile.Write(filepath.Join(p.Requests, slug+".gate.json"), request, 0o600); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot ask for the gate of %s: %w", slug, err)
	}
	unit, began := "vpm-gate@"+slug+".service", time.Now()
	_, err := units.Start(ctx, unit)
	switch why := p.answered(slug, request); {
	case core.CodeOf(err) == core.CodeNotEffective && errors.Is(why, os.ErrNotExist):
		return p.said(ctx, unit, began, err)
	case err != nil && why != nil && core.CodeOf(why) != core.CodeConflict:
		return why // in root's words
	}
	return err
}

// sum names a request, so that its answer can be told from that to another.
func sum(request []byte) string { return fmt.Sprintf("%x", sha256.Sum256(request)) }
