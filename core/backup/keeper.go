package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/store"
)

// Keeper makes backups of a panel and brings them back.
type Keeper struct {
	DB *store.DB
	// Dir is where backups lie that people name by their file name; "" where there is no such place.
	Dir string
	Now func() time.Time
}

// Saved is a backup that was made.
type Saved struct {
	Path string
	Rows int
}

// Save makes a backup in Dir, named for the moment. Only the owner may read it: it has the hashes of passwords.
func (k *Keeper) Save(ctx context.Context, by core.Actor) (Saved, error) {
	if k.Dir == "" {
		return Saved{}, core.Errorf(core.CodeUnavailable, "cannot make a backup: there is no data directory to keep it in (VPM_DATA_DIR)")
	}
	atomicfile.SweepLike(k.Dir, "vpm-backup-*.gz") // of those that were killed amid theirs
	return k.SaveAs(ctx, by, filepath.Join(k.Dir, "vpm-backup-"+k.Now().UTC().Format("20060102-150405")+".gz"))
}

// SaveAs makes a backup at path. CodeConflict: something is there.
func (k *Keeper) SaveAs(ctx context.Context, by core.Actor, path string) (Saved, error) {
	s := Saved{Path: path}
	err := Create(path, func(w io.Writer) (err error) {
		s.Rows, err = Write(w, k.Now(), k.DB.Dump(ctx))
		return err
	})
	if err != nil {
		return Saved{}, err
	}
	return s, k.record(ctx, by, core.ActionBackup, filepath.Base(path))
}

// Create puts what fill writes at path, whole or not at all, for its owner alone. CodeConflict: something is there.
func Create(path string, fill func(io.Writer) error) error {
	err := atomicfile.Create(path, 0o600, fill)
	if _, ours := errors.AsType[*core.Error](err); err == nil || ours {
		return err
	}
	code := core.CodeUnavailable
	if errors.Is(err, fs.ErrExist) {
		code = core.CodeConflict
	}
	return core.Errorf(code, "cannot make the backup: %w", err)
}

// WriteTo makes a backup for somebody else to keep. The history has it by name.
func (k *Keeper) WriteTo(ctx context.Context, by core.Actor, w io.Writer, name string) (rows int, err error) {
	if rows, err = Write(w, k.Now(), k.DB.Dump(ctx)); err != nil {
		return 0, err
	}
	return rows, k.record(ctx, by, core.ActionBackup, name)
}

// Restore brings back the backup of that file name in Dir.
func (k *Keeper) Restore(ctx context.Context, by core.Actor, name string, replace bool) (*File, error) {
	if k.Dir == "" || name == "" || strings.HasPrefix(name, ".") || filepath.Base(name) != name {
		return nil, core.Errorf(core.CodeInvalid, "cannot use field 'file': it must be the name of a file in the data directory %s", k.Dir)
	}
	return k.RestoreFrom(ctx, by, filepath.Join(k.Dir, name), replace)
}

// RestoreFrom puts a backup into an empty panel, or in the place of all that the panel has; all or nothing. Everybody
// has to log in as the backup has them.
func (k *Keeper) RestoreFrom(ctx context.Context, by core.Actor, path string, replace bool) (*File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, core.Errorf(core.CodeNotFound, "cannot find the backup %s", path)
	}
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the backup: %w", err)
	}
	defer f.Close()
	return k.Load(ctx, by, f, filepath.Base(path), replace)
}

// Load is RestoreFrom for a backup that is open. The history has it by name.
func (k *Keeper) Load(ctx context.Context, by core.Actor, from io.ReadSeeker, name string, replace bool) (*File, error) {
	b, err := Open(from)
	if err != nil {
		return nil, err
	}
	if err := k.DB.Load(ctx, b.Each(), replace); err != nil {
		return nil, err
	}
	return b, k.record(ctx, by, core.ActionRestore, name+" of "+b.MadeAt.Format(time.RFC3339))
}

func (k *Keeper) record(ctx context.Context, by core.Actor, action, what string) error {
	return k.DB.RecordEvent(ctx, core.Event{At: k.Now(), Action: action, Actor: by, Reason: core.Cut(what, 500), Result: core.ResultOK})
}
