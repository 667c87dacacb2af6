package provision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
	"vpm/core/systemd"
)

// Gate is vpm-gate@SLUG.service, as root: it writes nginx's form of the gate that the server's user asks for in
// SLUG.gate.json, or takes it away. The path is that of the instance as it was provisioned; the request has none.
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
		var q gateRequest
		if err := decode(data, &q); err != nil {
			return err
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
		done := p.Results + "/" + slug + ".gate"
		if err := remove(done); err != nil {
			return err
		}
		err = p.exclusively(ctx, func() error { return p.setGate(ctx, p.Nginx.gate(s.Request.Host, slug), text) })
		if err != nil {
			return err
		}
		return atomicfile.Write(done, []byte(sum(data)), 0o644)
	})
}

func (p Paths) gateText(q gateRequest, s state) (string, error) {
	if !q.Closed {
		return "", nil
	}
	gate := q.gate()
	gate.Instance, gate.Path = s.Request.Instance, s.Request.Path
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

// setGate has the new text count, or leaves the old one where the server refuses it.
func (p Paths) setGate(ctx context.Context, path, text string) error {
	was, err := os.ReadFile(path)
	old := undo{Name: path, There: err == nil, Was: was}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := restore(undo{Name: path, There: text != "", Was: []byte(text)}); err != nil {
		return err
	}
	fault.Point("gate written")
	if err := p.Nginx.reload(ctx); err != nil {
		return errors.Join(err, restore(old))
	}
	return nil
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
