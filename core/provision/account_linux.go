package provision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
)

// lookUp gives a user's ids; there is false where there is none of that name.
func lookUp(name string) (o owner, there bool, err error) {
	u, err := user.Lookup(name)
	if _, unknown := errors.AsType[user.UnknownUserError](err); unknown {
		return owner{}, false, nil
	}
	if err != nil {
		return owner{}, false, core.Errorf(core.CodeUnavailable, "cannot look up the user %s: %w", name, err)
	}
	uid, uerr := strconv.Atoi(u.Uid)
	gid, gerr := strconv.Atoi(u.Gid)
	return owner{uid, gid}, true, errors.Join(uerr, gerr)
}

// mustLookUp is for users that vpm does not make.
func mustLookUp(name string) (owner, error) {
	o, there, err := lookUp(name)
	if err == nil && !there {
		err = core.Errorf(core.CodeUnavailable, "cannot find the user %s", name)
	}
	return o, err
}

// makeUser makes the instance's user and group, of one id, that never before was another instance's: whoever got it
// would own what that one has left behind.
func (r *run) makeUser() error {
	name := userOf(r.slug)
	o, there, err := lookUp(name)
	if err != nil {
		return err
	}
	if there {
		if o.uid < r.UIDs[0] || o.uid > r.UIDs[1] {
			return core.Errorf(core.CodeConflict, "cannot use the user %s: its id %d is not one that vpm gives", name, o.uid)
		}
		r.owner = o
		return nil
	}
	if _, _, err := r.givenGroup(name); err != nil { // before it is noted as the run's own: that would be removed
		return err
	}
	if err := r.note(undo{Kind: undoUser, Name: name}); err != nil {
		return err
	}
	return r.exclusively(func() error {
		id, err := r.nextID(name)
		if err != nil {
			return err
		}
		r.owner = owner{id, id}
		if _, err := user.LookupGroup(name); err != nil {
			if err := command(r.ctx, "/usr/sbin/groupadd", "--gid", strconv.Itoa(id), name); err != nil {
				return err
			}
		}
		fault.Point("group made")
		return command(r.ctx, "/usr/sbin/useradd", "--uid", strconv.Itoa(id), "--gid", strconv.Itoa(id), "--no-user-group", "--no-create-home",
			"--home-dir", r.Sites+"/"+r.slug, "--shell", "/usr/sbin/nologin", "--comment", "vpm instance "+r.slug, name)
	})
}

// givenGroup gives the id of a group that a killed run has made: it was given to its user. there is false for none.
func (r *run) givenGroup(name string) (id int, there bool, err error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, false, nil
	}
	id, err = strconv.Atoi(g.Gid)
	if err == nil && (id < r.UIDs[0] || id > r.UIDs[1]) {
		err = core.Errorf(core.CodeConflict, "cannot use the group %s: its id %d is not one that vpm gives", name, id)
	}
	return id, true, err
}

// nextID gives a new id, and has it on disk as given before anybody uses it.
func (r *run) nextID(name string) (int, error) {
	if id, there, err := r.givenGroup(name); there {
		return id, err
	}
	mark := r.State + "/uid"
	id := r.UIDs[0] - 1
	text, err := os.ReadFile(mark)
	if err == nil {
		id, err = strconv.Atoi(strings.TrimSpace(string(text)))
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return 0, core.Errorf(core.CodeUnavailable, "cannot read the highest user id given (%s): %w", mark, err)
	}
	for id++; id <= r.UIDs[1]; id++ {
		_, uerr := user.LookupId(strconv.Itoa(id))
		_, gerr := user.LookupGroupId(strconv.Itoa(id))
		if uerr != nil && gerr != nil {
			err := atomicfile.Write(mark, fmt.Appendln(nil, id), 0o600)
			fault.Point("id given")
			return id, err
		}
	}
	return 0, core.Errorf(core.CodeUnavailable, "cannot give another user id: those up to %d are used up", r.UIDs[1])
}

// removeUser takes a user and its group away; what is not there is well.
func (p Paths) removeUser(ctx context.Context, name string) error {
	return p.exclusively(ctx, func() error {
		if _, there, err := lookUp(name); err != nil || there {
			if err == nil {
				err = command(ctx, "/usr/sbin/userdel", name)
			}
			if err != nil {
				return err
			}
		}
		fault.Point("user gone")
		if _, err := user.LookupGroup(name); err == nil {
			return command(ctx, "/usr/sbin/groupdel", name)
		}
		return nil
	})
}
