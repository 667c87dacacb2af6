// Package move gives instances processes of their own on a server, and takes them back: a site that is there is copied to
// where its PHP-FPM master runs as a user of its own, and the original stays as it is until the move is finished.
package move

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"time"

	"vpm/core"
	"vpm/core/provision"
)

// Units keeps the slugs by which systemd knows instances.
type Units interface {
	Unit(ctx context.Context, in core.Instance) (slug, crashes string, err error)
	Slugs(ctx context.Context) (map[int64]string, error)
	AssignSlug(ctx context.Context, in core.Instance, slug string) error
	ReleaseSlug(ctx context.Context, in core.Instance) error
}

// Mover moves instances.
type Mover struct {
	Manager *core.Manager
	Units   Units
	Client  provision.Client
	// Shared tells whether a host's instances are included by the configuration for all hosts.
	Shared func(host string) bool
	// Original drives instances where they lie, without processes of their own.
	Original core.Runtime
}

// Move provisions an instance and has it run there. Done again, or after it was cut off anywhere, it goes on. CodeBusy: the
// copy takes longer than ctx, goes on by itself, and Progress tells how far it has come; move again afterwards.
//
// Visitors are sent there last, to a process that runs or a gate that stands; where that fails all is as before.
func (m *Mover) Move(ctx context.Context, by core.Actor, id string) (provision.Result, error) {
	r, err := m.Manager.Record(ctx, id)
	if err != nil {
		return provision.Result{}, err
	}
	if r, err = m.completed(ctx, by, r); err != nil {
		return provision.Result{}, err
	}
	slug, moved, err := m.slug(ctx, r.Instance)
	if err != nil {
		return provision.Result{}, err
	}
	from, home, unstored := m.origin(r.Instance, slug, moved)
	q := m.request(r.Instance, from)
	if !moved || unstored {
		if !moved {
			if err := m.clear(ctx, by, id, slug); err != nil {
				return provision.Result{}, err
			}
		}
		unseen := q
		unseen.Serve = false
		result, err := m.Client.Do(ctx, slug, unseen)
		if err == nil && !moved {
			err = m.Units.AssignSlug(ctx, r.Instance, slug)
		}
		if err != nil { // nothing is this request's yet: another's may be under way
			return result, err
		}
		err = m.settle(ctx, by, id, core.InstanceUpdate{Path: &result.Docroot, Docroot: new(string), MovedFrom: &from, MovedPath: &home})
		if err != nil {
			return result, m.takeBack(ctx, by, r, moved, err)
		}
	}
	result, err := m.Client.Do(ctx, slug, q)
	if err != nil {
		return result, m.takeBack(ctx, by, r, moved, err)
	}
	err = m.settle(ctx, by, id, core.InstanceUpdate{Path: &result.Docroot, Docroot: new(string), MovedFrom: &from, MovedPath: &home})
	if err == nil {
		err = m.closeServed(ctx, id)
	}
	if err == nil {
		err = m.openOriginal(ctx, r, from)
	}
	return result, err
}

// origin gives the document root that the instance has without a process of its own, "" where its move is finished, and its
// directory where that is another. unstored tells that a move was cut off between its slug and where it is now.
func (m *Mover) origin(in core.Instance, slug string, moved bool) (from, home string, unstored bool) {
	from, home = in.MovedFrom(), in.MovedPath()
	copied := filepath.Join(m.Client.Paths.Sites, slug, provision.Docroot)
	if moved && (from != "" || in.Docroot(m.Manager.Base) == copied) {
		return from, home, false
	}
	if from, home = in.Docroot(m.Manager.Base), in.Path(m.Manager.Base); home == from {
		home = ""
	}
	return from, home, moved
}

// closeServed sets the gate of a stopped instance that visitors are sent to now: web servers that keep their gates with
// what they serve could not have it before.
func (m *Mover) closeServed(ctx context.Context, id string) error {
	r, err := m.Manager.Record(ctx, id)
	if err != nil || r.Wanted(m.Manager.Now()) != core.ObservedStopped {
		return err
	}
	turn, unlock, err := m.Manager.Runtime.Lock(ctx, r)
	if err != nil {
		return err
	}
	_, err = m.Manager.Runtime.Settle(turn, r)
	return errors.Join(err, unlock())
}

// openOriginal takes out the gate that the original has of before the move: nobody would open it after an undo, and where
// nginx serves, it closes what was moved too.
func (m *Mover) openOriginal(ctx context.Context, r core.Record, from string) error {
	if from == "" || m.Original == nil {
		return nil
	}
	config, err := json.Marshal(map[string]string{"path": from, "url": r.Instance.URL()})
	if err != nil {
		return err
	}
	r.Instance.Config = new(string(config))
	if err := m.Original.Release(ctx, r); err != nil {
		return core.Errorf(core.CodeOf(err), "cannot open the original of %s, which was moved: %s", r.Instance.InstanceID, core.Sentence(err)).Because(err)
	}
	return nil
}

// settle stores where the instance is, and has it be there as it is wanted.
func (m *Mover) settle(ctx context.Context, by core.Actor, id string, u core.InstanceUpdate) error {
	_, err := m.Manager.Update(ctx, by, id, u)
	return err
}

// copyGoodFor is how old a copy may be that nobody was served from: what was changed in the original since is not in it.
const copyGoodFor = 10 * time.Minute

// clear takes away what an earlier move has left that was undone, failed or was not gone on with: visitors have changed
// the original since.
func (m *Mover) clear(ctx context.Context, by core.Actor, id, slug string) error {
	was, err := m.Client.Result(slug)
	switch {
	case err != nil: // there is none
		return nil
	case was.State == provision.Running, was.Operation == provision.Deprovision && was.State == provision.Done,
		was.Operation == provision.Provision && was.State == provision.Done && m.Manager.Now().Sub(was.EndedAt) < copyGoodFor:
		return nil
	}
	_, err = m.Remove(ctx, by, id)
	return err
}

// Finish marks that there is no way back: the original may be deleted.
func (m *Mover) Finish(ctx context.Context, by core.Actor, id string) (provision.Result, error) {
	_, slug, err := m.moved(ctx, id)
	if err != nil {
		return provision.Result{}, err
	}
	result, err := m.Client.Do(ctx, slug, provision.Request{Operation: provision.Finish, Instance: id})
	if err != nil {
		return result, err
	}
	return result, m.settle(ctx, by, id, core.InstanceUpdate{MovedFrom: new(string), MovedPath: new(string)})
}

// Progress is what root has told last of an instance.
func (m *Mover) Progress(ctx context.Context, id string) (provision.Result, error) {
	r, err := m.Manager.Record(ctx, id)
	if err != nil {
		return provision.Result{}, err
	}
	slug, _, err := m.slug(ctx, r.Instance)
	if err != nil {
		return provision.Result{}, err
	}
	return m.Client.Result(slug)
}
