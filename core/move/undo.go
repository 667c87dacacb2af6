package move

import (
	"context"
	"errors"

	"vpm/core"
	"vpm/core/provision"
)

// takeBack ends a move that visitors have not seen anything of. What goes on by itself, or was done by an earlier request,
// is left. It gives the reason.
func (m *Mover) takeBack(ctx context.Context, by core.Actor, was core.Record, moved bool, why error) error {
	if moved || core.CodeOf(why) == core.CodeBusy || ctx.Err() != nil {
		return why
	}
	if slug, _, err := m.Units.Unit(ctx, was.Instance); err != nil || slug == "" {
		return why
	}
	if err := m.giveUp(ctx, by, was, was.Instance.Docroot(m.Manager.Base), was.Instance.Path(m.Manager.Base)); err != nil {
		return core.Errorf(core.CodeOf(why), "%s. And it could not all be taken back: %s", core.Sentence(why), core.Sentence(err)).Because(errors.Join(why, err))
	}
	return why
}

// giveUp has the instance be one without a process again, with its document root at from, which is its directory too where
// home is "".
func (m *Mover) giveUp(ctx context.Context, by core.Actor, r core.Record, from, home string) error {
	if err := m.Manager.Runtime.Release(ctx, r); err != nil { // the process ends
		return err
	}
	if err := m.Units.ReleaseSlug(ctx, r.Instance); err != nil {
		return err
	}
	return m.settle(ctx, by, r.Instance.InstanceID, whereItWas(from, home))
}

func whereItWas(from, home string) core.InstanceUpdate {
	u := core.InstanceUpdate{Path: &from, Docroot: new(string), MovedFrom: new(string), MovedPath: new(string)}
	if home != "" && home != from {
		u.Path, u.Docroot = &home, &from
	}
	return u
}

// undone tells whether an undo was cut off when the process was gone, and that the instance is where it was not stored.
func (m *Mover) undone(ctx context.Context, in core.Instance) (bool, error) {
	if in.MovedFrom() == "" {
		return false, nil
	}
	slug, _, err := m.Units.Unit(ctx, in)
	return err == nil && slug == "", err
}

// completed gives the instance with such an undo at its end.
func (m *Mover) completed(ctx context.Context, by core.Actor, r core.Record) (core.Record, error) {
	if cut, err := m.undone(ctx, r.Instance); err != nil || !cut {
		return r, err
	}
	if err := m.settle(ctx, by, r.Instance.InstanceID, whereItWas(r.Instance.MovedFrom(), r.Instance.MovedPath())); err != nil {
		return r, err
	}
	return m.Manager.Record(ctx, r.Instance.InstanceID)
}

// Undo has visitors served from the original again. It refuses for a stopped instance: the original has no gate, and the
// server's user need not be able to put one there. The copy and its user stay until Remove.
func (m *Mover) Undo(ctx context.Context, by core.Actor, id string) (provision.Result, error) {
	was, err := m.Manager.Record(ctx, id)
	if err != nil {
		return provision.Result{}, err
	}
	if cut, err := m.undone(ctx, was.Instance); err != nil {
		return provision.Result{}, err
	} else if cut {
		if _, err := m.completed(ctx, by, was); err != nil {
			return provision.Result{}, err
		}
		return m.Progress(ctx, id)
	}
	r, slug, err := m.moved(ctx, id)
	if err != nil {
		return provision.Result{}, err
	}
	from, home, _ := m.origin(r.Instance, slug, true)
	if from == "" {
		return provision.Result{}, core.Errorf(core.CodeConflict, "cannot undo the move of %s: it is finished", id)
	}
	if r.Wanted(m.Manager.Now()) == core.ObservedStopped {
		return provision.Result{}, core.Errorf(core.CodeConflict, "cannot undo the move of %s while it is stopped: visitors would be let in; start it first", id)
	}
	result, err := m.Client.Do(ctx, slug, provision.Request{Operation: provision.Undo, Instance: id})
	if err != nil {
		return result, err
	}
	return result, m.giveUp(ctx, by, r, from, home)
}

// Remove takes away what a move that was undone has left: the copy, which root keeps out of sight, its user and its
// configuration.
func (m *Mover) Remove(ctx context.Context, by core.Actor, id string) (provision.Result, error) {
	r, err := m.Manager.Record(ctx, id)
	if err != nil {
		return provision.Result{}, err
	}
	if r, err = m.completed(ctx, by, r); err != nil {
		return provision.Result{}, err
	}
	slug, moved, err := m.slug(ctx, r.Instance)
	if err == nil && moved {
		err = core.Errorf(core.CodeConflict, "cannot remove the process of %s: visitors are served by it; undo the move first", id)
	}
	if err != nil {
		return provision.Result{}, err
	}
	return m.Client.Do(ctx, slug, provision.Request{Operation: provision.Deprovision, Instance: id})
}
