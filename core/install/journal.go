package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
)

const (
	journalFile = StateDir + "/install.json"
	copiesDir   = StateDir + "/install" // what files held before
	keptDir     = StateDir + "/kept"    // and could not be given back, as others have changed them since
)

// Kinds of records.
const (
	ofFile     = "file"
	ofLink     = "link"
	ofDir      = "dir"
	ofTree     = "tree" // a directory with whatever the server has put into it
	ofUser     = "user"
	ofDatabase = "database"
	ofCommand  = "command" // which has to follow when what comes after it is undone
)

// record is what was there before a change. It is on disk before the change is made.
type record struct {
	Kind    string    `json:"kind"`
	Path    string    `json:"path"`
	Existed bool      `json:"existed,omitempty"`
	Mode    uint32    `json:"mode,omitempty"` // as os.FileMode has it
	UID     int       `json:"uid,omitempty"`
	GID     int       `json:"gid,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Copy    string    `json:"copy,omitempty"`   // the file's content before, in copiesDir
	Target  string    `json:"target,omitempty"` // a link's before; of a database where it went
	After   string    `json:"after,omitempty"`  // SHA-256 of what we put there
	Undo    []string  `json:"undo,omitempty"`
}

func (r record) is(kind, path string) bool { return r.Kind == kind && r.Path == path }

// journal is what was done to the machine. Base is from finished runs, Run from one that is under way or was killed:
// where that one fails, what it did is undone and Base stays.
type journal struct {
	From    string   `json:"from"` // the directory of the upload that was taken over
	Ending  bool     `json:"ending,omitempty"`
	Started bool     `json:"started,omitempty"` // a run has begun and has not ended
	Copies  int      `json:"copies"`
	Base    []record `json:"base"`
	Run     []record `json:"run,omitempty"`
}

func loadJournal() (*journal, error) {
	text, err := os.ReadFile(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &journal{}, nil
	}
	j := &journal{}
	if err == nil {
		err = json.Unmarshal(text, j)
	}
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read what was installed from %s", journalFile).Because(err)
	}
	return j, nil
}

func (j *journal) save() error {
	text, err := json.MarshalIndent(j, "", " ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(journalFile, append(text, '\n'), 0o600); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot note what is being installed in %s", journalFile).Because(err)
	}
	return nil
}

func (j *journal) find(kind, path string) *record {
	for _, list := range [][]record{j.Run, j.Base} {
		if i := slices.IndexFunc(list, func(r record) bool { return r.is(kind, path) }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

// note keeps r, unless this run has noted the same already: what was there first counts.
func (j *journal) note(r record) error {
	if i := slices.IndexFunc(j.Run, func(o record) bool { return o.is(r.Kind, r.Path) }); i >= 0 {
		j.Run[i].After = r.After
	} else {
		j.Run = append(j.Run, r)
	}
	return j.save()
}

// noted tells whether this run has.
func (j *journal) noted(kind, path string) bool {
	return slices.ContainsFunc(j.Run, func(o record) bool { return o.is(kind, path) })
}

// finished tells whether a run before this one has, and came to its end.
func (j *journal) finished(kind, path string) bool {
	return slices.ContainsFunc(j.Base, func(o record) bool { return o.is(kind, path) })
}

// keepCopy puts a file's content where the journal has it.
func (j *journal) keepCopy(text []byte) (name string, err error) {
	if err := os.MkdirAll(copiesDir, 0o700); err != nil {
		return "", err
	}
	j.Copies++
	name = fmt.Sprintf("%04d", j.Copies)
	return name, atomicfile.Write(filepath.Join(copiesDir, name), text, 0o600)
}

// commit makes a run's records those of the installation. Of what an earlier run had changed already, the oldest copy
// stays.
func (j *journal) commit() error {
	var superseded []string
	for _, r := range j.Run {
		i := slices.IndexFunc(j.Base, func(o record) bool { return o.is(r.Kind, r.Path) })
		if i < 0 {
			j.Base = append(j.Base, r)
			continue
		}
		j.Base[i].After = r.After
		if r.Copy != "" {
			superseded = append(superseded, r.Copy)
		}
	}
	j.Run, j.Started = nil, false
	if err := j.save(); err != nil {
		return err
	}
	for _, name := range superseded {
		_ = os.Remove(filepath.Join(copiesDir, name)) // one that stays is in nobody's way
	}
	return nil
}
