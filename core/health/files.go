package health

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"vpm/core"
)

// directory looks whether the files of the instance can be there. Opening as a directory and without waiting keeps a
// FIFO from hanging it; only a dead mount does.
func (x *examination) directory(context.Context) core.Check {
	f, err := os.OpenFile(x.Dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return noDirectory(x.Dir, err)
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	if err == io.EOF {
		return found(core.CheckWarning, "The directory %s is empty.", x.Dir)
	}
	if err == nil {
		_, err = os.Lstat(x.Dir + "/.") // listing it and entering it are two permissions
	}
	if err != nil {
		return noDirectory(x.Dir, err)
	}
	return found(core.CheckOK, "The directory %s can be read.", x.Dir)
}

func noDirectory(dir string, err error) core.Check {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found(core.CheckFailed, "The directory %s does not exist. Restore it, or set the path of this instance.", dir)
	case errors.Is(err, fs.ErrPermission):
		return found(core.CheckFailed, "The directory %s may not be read. Give it the permissions 755.", dir)
	case errors.Is(err, syscall.ENOTDIR):
		return found(core.CheckFailed, "%s is not a directory. Set the path of this instance.", dir)
	}
	return found(core.CheckFailed, "The directory %s cannot be read (%s). Ask the host about its storage.", dir, cause(err))
}

// configuration looks whether the CMS's own configuration is there; it is not parsed.
func (x *examination) configuration(context.Context) core.Check {
	if x.ConfigFile == nil {
		return found(core.CheckSkipped, "This kind of site has no configuration file.")
	}
	name, err := x.ConfigFile()
	if err != nil {
		return found(core.CheckFailed, "The configuration was not found: %s.", cause(err))
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return found(core.CheckFailed, "The configuration %s cannot be read: %s.", name, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return found(core.CheckFailed, "The configuration %s cannot be read: %s.", name, cause(err))
	case !info.Mode().IsRegular():
		return found(core.CheckFailed, "The configuration %s is not a file. Restore it from a backup.", name)
	case info.Size() == 0:
		return found(core.CheckFailed, "The configuration %s is empty. Restore it from a backup.", name)
	}
	if _, err := f.Read(make([]byte, 1)); err != nil {
		return found(core.CheckFailed, "The configuration %s cannot be read: %s.", name, cause(err))
	}
	return found(core.CheckOK, "The configuration %s can be read.", name)
}

// cause is what people may read of an error: of one that is not ours only what the system said, as the text of any
// other may hold secrets.
func cause(err error) string {
	if ours, ok := errors.AsType[*core.Error](err); ok {
		return ours.Message
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return "there was no answer in time"
	}
	return "why may not be shown here"
}
