package move

import (
	"context"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"vpm/core"
	"vpm/core/provision"
	"vpm/core/systemd"
)

// request is what an instance is provisioned as: by its config, as create stores it.
func (m *Mover) request(in core.Instance, from string) provision.Request {
	php, limits := settings(in)
	q := provision.Request{Operation: provision.Provision, Instance: in.InstanceID, PHP: php, Limits: limits, CopyFrom: from}
	if u, err := url.Parse(in.URL()); err == nil && u.Host != "" {
		q.Serve, q.Path, q.Host = true, path.Clean("/"+u.Path), u.Hostname()
		if m.Shared != nil && m.Shared(q.Host) {
			q.Host = ""
		}
	}
	for _, dir := range []string{"wp-content/uploads", "images", "sites/default/files"} {
		if len(q.CopyFrom) > 0 && exists(filepath.Join(q.CopyFrom, dir)) {
			q.Uploads = append(q.Uploads, dir)
		}
	}
	return q
}

func exists(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// slug gives the instance's, or the one that it will have: the same whoever asks, so that a move that was cut off is found
// again by the next.
func (m *Mover) slug(ctx context.Context, in core.Instance) (slug string, moved bool, err error) {
	if slug, _, err = m.Units.Unit(ctx, in); err != nil || slug != "" {
		return slug, slug != "", err
	}
	taken, err := m.Units.Slugs(ctx)
	if err != nil {
		return "", false, err
	}
	slug, err = systemd.NewSlug(in.InstanceID, func(slug string) bool {
		for row, other := range taken {
			if other == slug && row != in.ID {
				return true
			}
		}
		// What was provisioned under this name for another instance has its user and its files.
		was, err := m.Client.Result(slug)
		return err == nil && was.Instance != "" && was.Instance != in.InstanceID
	})
	return slug, false, err
}

func (m *Mover) moved(ctx context.Context, id string) (core.Record, string, error) {
	r, err := m.Manager.Record(ctx, id)
	if err != nil {
		return r, "", err
	}
	slug, _, err := m.Units.Unit(ctx, r.Instance)
	if err == nil && slug == "" {
		err = core.Errorf(core.CodeConflict, "cannot do this: %s has no process of its own", id)
	}
	return r, slug, err
}
