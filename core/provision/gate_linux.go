package provision

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
	"vpm/core/systemd"
	"vpm/htaccess"
)

// Gate is vpm-gate@SLUG.service, as root: it sets the gate that the server's user asks for in SLUG.gate.json, or takes it
// away, and tells in SLUG.gate in the directory of results what came of it. Of an instance that was provisioned it is
// nginx's form of the gate, for the path of then; of another one, see setOriginal.
func Gate(ctx context.Context, p Paths, slug string) error {
	if err := systemd.CheckSlug(slug); err != nil {
		return err
	}
	return p.locked(ctx, slug+".gate.lock", func() error {
		server, err := mustLookUp(p.Server)
		if err != nil {
			return err
		}
		data, err := readRequest(p.Requests, slug+".gate.json", server)
		if err != nil {
			return err
		}
		done := p.Results + "/" + slug + ".gate"
		if err := remove(done); err != nil {
			return err
		}
		a := gateAnswer{Request: sum(data)}
		setting := p.gateOf(ctx, slug, data)
		if setting != nil {
			a.Error = failure(setting)
		}
		text, err := json.Marshal(a)
		if err == nil {
			err = atomicfile.Write(done, text, 0o644)
		}
		return errors.Join(setting, err)
	})
}

// gateOf carries a request out.
func (p Paths) gateOf(ctx context.Context, slug string, request []byte) error {
	var q gateRequest
	if err := decode(request, &q); err != nil {
		return err
	}
	if q.Original != nil {
		return p.setOriginal(ctx, slug, q)
	}
	s, err := readState(p.State, slug)
	if err != nil {
		return err
	}
	if !s.Request.Serve {
		return core.Errorf(core.CodeConflict, "cannot set the gate of %s: it is not served", slug)
	}
	text, err := p.gateText(q, s)
	if err != nil {
		return err
	}
	files := map[string]string{p.Nginx.gate(s.Request.Host, slug): text}
	for _, old := range p.nginxGates(originalSlug(s.Request.Instance)) { // from before it was provisioned
		files[old] = ""
	}
	return p.exclusively(ctx, func() error { return p.setGates(ctx, files) })
}

func (p Paths) gateText(q gateRequest, s state) (string, error) {
	if !q.Closed {
		return "", nil
	}
	gate := htaccess.Gate(q.Gate)
	gate.Instance, gate.Path, gate.Host = s.Request.Instance, s.Request.Path, ""
	open, err := p.below(s.Request)
	if err != nil {
		return "", err
	}
	gate.OpenPaths = open
	text, err := gate.RenderNginx()
	if err != nil {
		return "", core.Errorf(core.CodeInvalid, "cannot write the gate: %w", err)
	}
	return text, nil
}

// setGates has new texts count, by the paths of their files, "" for those that have to go; or leaves the old ones where the
// server refuses them.
func (p Paths) setGates(ctx context.Context, files map[string]string) (err error) {
	var old []undo
	for path, text := range files {
		was, reading := os.ReadFile(path)
		if reading != nil && !errors.Is(reading, os.ErrNotExist) {
			err = reading
			break
		}
		old = append(old, undo{Name: path, There: reading == nil, Was: was})
		if err = restore(undo{Name: path, There: text != "", Was: []byte(text)}); err != nil {
			break
		}
		fault.Point("gate written")
	}
	if err == nil {
		err = p.Nginx.reload(ctx)
	}
	if err == nil {
		return nil
	}
	for _, u := range old {
		err = errors.Join(err, restore(u))
	}
	return err
}

// below are the URL paths of other instances that are below this one's: they stay open.
func (p Paths) below(of Request) ([]string, error) {
	files, err := filepath.Glob(p.State + "/*.json")
	if err != nil {
		return nil, err
	}
	var open []string
	for _, file := range files {
		s, err := readState(p.State, strings.TrimSuffix(filepath.Base(file), ".json"))
		if err != nil {
			return nil, err
		}
		q := s.Request
		prefix := strings.TrimSuffix(of.Path, "/") + "/"
		if q.Serve && q.Instance != of.Instance && q.Host == of.Host && q.Path != prefix && strings.HasPrefix(q.Path, prefix) {
			open = append(open, q.Path)
		}
	}
	return open, nil
}
