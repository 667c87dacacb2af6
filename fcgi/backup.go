package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"vpm/core"
	"vpm/core/app"
	"vpm/core/backup"
	"vpm/fcgi/cli"
)

const stream = "-" // in the place of a file: stdout, or stdin

// saveBackup makes a backup where the person said. The file is that person's, and the database is asked by the owner of the
// settings: where root is the one, a second vpm becomes the other.
func saveBackup(ctx context.Context, p cli.Panel, path, name string) (rows int, err error) {
	if name = filepath.Base(name); name == stream {
		name = "stdout"
	}
	write := func(w io.Writer) (err error) {
		rows, err = writeBackup(ctx, p, w, name)
		return err
	}
	switch {
	case path == stream:
		err = write(os.Stdout)
		return rows, err
	case os.Geteuid() != 0:
		err = backup.Create(path, write)
		return rows, err
	}
	if err := backup.Create(path, func(w io.Writer) error { return writeByOwner(ctx, p, w, name) }); err != nil {
		return 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, core.Errorf(core.CodeUnavailable, "cannot check the backup: %w", err)
	}
	defer f.Close()
	made, err := backup.Open(f)
	if err != nil {
		return 0, err
	}
	return made.Rows, nil
}

func writeBackup(ctx context.Context, p cli.Panel, w io.Writer, name string) (rows int, err error) {
	err = withKeeper(p, func(k *backup.Keeper, by core.Actor) error {
		rows, err = k.WriteTo(ctx, by, w, name)
		return err
	})
	return rows, err
}

// writeByOwner has "vpm backup -" write to w, which root has opened.
func writeByOwner(ctx context.Context, p cli.Panel, w io.Writer, name string) error {
	args := []string{"backup", stream, "--name", name, "--docroot", p.Docroot, "--url", ""}
	if p.Config != "" {
		args = append(args, "--config", p.Config)
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &said
	return failure(cmd.Run(), said.String(), "vpm as the owner of the settings")
}

// restoreBackup brings back a backup that the person can read, as the owner of the settings.
func restoreBackup(ctx context.Context, p cli.Panel, path string, replace, dry bool) (rows int, madeAt time.Time, err error) {
	f, err := openBackup(path)
	if err != nil {
		return 0, time.Time{}, err
	}
	defer f.Close()
	var b *backup.File
	if dry {
		b, err = backup.Open(f)
	} else {
		err = withKeeper(p, func(k *backup.Keeper, by core.Actor) error {
			b, err = k.Load(ctx, by, f, filepath.Base(path), replace)
			return err
		})
	}
	if err != nil {
		return 0, time.Time{}, err
	}
	return b.Rows, b.MadeAt, nil
}

// openBackup opens a backup, which is read more than once.
func openBackup(path string) (*os.File, error) {
	if path != stream {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, core.Errorf(core.CodeNotFound, "cannot find the backup %s", path)
		} else if err != nil {
			return nil, core.Errorf(core.CodeInvalid, "cannot read the backup: %w", err)
		}
		return f, nil
	}
	f, err := os.CreateTemp("", "vpm-restore-")
	if err != nil {
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the backup: %w", err)
	}
	_ = os.Remove(f.Name()) // it is open
	if _, err := io.Copy(f, os.Stdin); err != nil {
		f.Close()
		return nil, core.Errorf(core.CodeUnavailable, "cannot read the backup: %w", err)
	}
	return f, nil
}

// withKeeper opens the panel of this machine, as the owner of its settings from then on.
func withKeeper(p cli.Panel, do func(*backup.Keeper, core.Actor) error) error {
	by := operator()
	if err := chooseSettings(p.Config, p.Docroot); err != nil {
		return err
	}
	a := app.LoadPanel(p.Docroot, stderrLog(), databaseConns)
	defer a.Close()
	k, err := a.Keeper()
	if err != nil {
		return err
	}
	return do(k, by)
}
