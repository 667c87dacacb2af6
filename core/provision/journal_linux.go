package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
	"vpm/core/systemd"
)

// undo is how to take back one change.
type undo struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`            // of the user, file, tree, unit, web server or database
	There bool   `json:"there,omitempty"` // whether there was a file of that name
	Was   []byte `json:"was,omitempty"`   // its content
}

const (
	undoUser     = "user"     // made
	undoTree     = "tree"     // the instance's directory was made
	undoFile     = "file"     // one of root's, written or removed
	undoUnits    = "units"    // systemd has to read its configuration again
	undoLimits   = "limits"   // set on the running unit; Was has those before
	undoEnabled  = "enabled"  // the unit
	undoWeb      = "web"      // the web server has to read its configuration again
	undoDatabase = "database" // made
	undoAccount  = "account"  // of the database, made
)

// journal is what a run that has not come to its end has to take back, in the order of the changes. It is on disk before
// each change.
type journal struct {
	path    string
	Run     string `json:"run"`     // whose journal this is: once the state has its name too, the run is over
	Backing bool   `json:"backing"` // the run has failed and is being taken back
	Undo    []undo `json:"undo"`
}

// openJournal reads what a killed run has left, if any.
func openJournal(path string) (*journal, error) {
	j := &journal{path: path}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return j, nil
	}
	if err == nil {
		err = json.Unmarshal(data, j)
	}
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the journal %s: %w", path, err)
	}
	return j, nil
}

func (j *journal) write() error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(j.path, data, 0o600); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot write the journal: %w", err)
	}
	return nil
}

// back notes that the run is being taken back. A full disk, which may be the reason, has no room for another journal: then
// that is changed in the one that is there. Where there is none nothing was changed yet.
func (j *journal) back() error {
	j.Backing = true
	err := j.write()
	if err == nil {
		return nil
	}
	f, opening := os.OpenFile(j.path, os.O_RDWR, 0)
	if errors.Is(opening, os.ErrNotExist) {
		return nil
	}
	if opening != nil {
		return err
	}
	defer f.Close()
	old, reading := io.ReadAll(f)
	before, _, found := bytes.Cut(old, []byte(`"backing":false`))
	if reading == nil && found {
		_, reading = f.WriteAt([]byte(`"backing":true `), int64(len(before)))
	}
	if reading != nil || f.Sync() != nil {
		return err
	}
	return nil
}

func (j *journal) has(kind, name string) bool {
	return slices.ContainsFunc(j.Undo, func(u undo) bool { return u.Kind == kind && u.Name == name })
}

// note notes a change that is about to be made. Of two for one thing the first knows how it was before the run.
func (r *run) note(u undo) error {
	if r.journal.has(u.Kind, u.Name) {
		return nil
	}
	r.journal.Undo = append(r.journal.Undo, u)
	err := r.journal.write()
	fault.Point("noted " + u.Kind)
	return err
}

// rollBack takes back everything in the journal, the last change first. What cannot be taken back stays in it.
func (r *run) rollBack(ctx context.Context) error {
	j := r.journal
	if err := j.back(); err != nil {
		return err
	}
	var failed error
	var left []undo
	for _, u := range slices.Backward(j.Undo) {
		if err := r.takeBack(ctx, u); err != nil {
			failed = errors.Join(failed, core.Errorf(core.CodeOf(err), "cannot undo %s %s: %s; the next run tries it again", u.Kind, u.Name, message(err)).Because(err))
			left = append(left, u)
		}
		fault.Point("undone " + u.Kind)
	}
	if failed != nil {
		slices.Reverse(left)
		j.Undo = left
		return errors.Join(failed, j.write())
	}
	return r.closeJournal()
}

func (r *run) closeJournal() error {
	r.journal = &journal{path: r.journal.path, Run: r.journal.Run}
	if err := os.Remove(r.journal.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (r *run) takeBack(ctx context.Context, u undo) error {
	unit := systemd.UnitName(r.slug)
	switch u.Kind {
	case undoUser:
		return r.removeUser(ctx, u.Name)
	case undoTree:
		return removeTree(r.Sites, u.Name)
	case undoFile:
		return restore(u)
	case undoUnits:
		_ = os.Remove(r.dropIns(r.slug)) // which is not empty where the administrator has drop-ins of his own
		return systemctl(ctx, "daemon-reload")
	case undoLimits:
		return systemctl(ctx, append([]string{"set-property", "--runtime", unit}, properties(u.Was)...)...)
	case undoEnabled:
		return systemctl(ctx, "--no-reload", "disable", unit)
	case undoWeb:
		for _, w := range []WebServer{r.Apache, r.Nginx} {
			if w.Name != u.Name {
				continue
			}
			// Our files are as they were. Whatever the server still objects to is not ours, and it goes on without.
			if err := w.reload(ctx); err != nil {
				r.result.warn(fmt.Sprintf("the configuration of %s has an error without this instance too: %s", w.Name, message(err)))
			}
		}
		return nil
	case undoDatabase:
		return r.databaseDo(ctx, "DROP DATABASE IF EXISTS `"+u.Name+"`")
	case undoAccount:
		return r.databaseDo(ctx, "DROP USER IF EXISTS '"+u.Name+"'@'localhost'")
	}
	return fmt.Errorf("nobody knows how")
}

// restore puts a file of root's back as it was.
func restore(u undo) error {
	if u.There {
		return atomicfile.Write(u.Name, u.Was, 0o644)
	}
	if err := os.Remove(u.Name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// install puts a text where a program reads it, as root's; changed is false where it was there, and not as the work of a
// killed run that may have come no further. An empty text takes the file away.
func (r *run) install(path, text string) (changed bool, err error) {
	was, err := os.ReadFile(path)
	there := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if there == (text != "") && string(was) == text && !r.journal.has(undoFile, path) {
		return false, nil
	}
	if err := r.note(undo{Kind: undoFile, Name: path, There: there, Was: was}); err != nil {
		return false, err
	}
	if text == "" {
		return true, restore(undo{Name: path})
	}
	return true, atomicfile.Write(path, []byte(text), 0o644)
}
