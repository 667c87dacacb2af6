package relocate

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vpm/core"
)

// load runs a dump. It was made elsewhere and may hold anything: it is run with the rights of the account's own database
// user, by a client that is nobody and, in binary mode, takes no commands from it.
func (s *server) load(ctx context.Context, d *database) error {
	fail := func(err error) error {
		return core.Errorf(core.CodeNotEffective, "cannot import %s into the database %s: %w", d.dump, d.name, err)
	}
	program := client()
	if program == "" {
		return core.Errorf(core.CodeUnavailable, "cannot import %s: there is no mariadb client; install mariadb-client", d.dump)
	}
	in, err := d.open()
	if err != nil {
		return err
	}
	defer in.Close()
	// Through a pipe, so that the client ends with this process and imports nothing beside the next one's.
	var text io.Reader = struct{ io.Reader }{in}
	if strings.HasSuffix(d.dump, ".gz") {
		if text, err = gzip.NewReader(in); err != nil {
			return fail(err)
		}
	}
	l := d.users[0]
	cmd := exec.CommandContext(ctx, program, "--no-defaults", "--binary-mode", "--batch", "--local-infile=0", "--max-allowed-packet=1G",
		"--default-character-set=utf8mb4", "--protocol=socket", "--socket="+s.socket, "--user="+l.user, d.name)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "MYSQL_PWD=" + l.password}
	cmd.Dir, cmd.WaitDelay, cmd.Stdin = "/", 5*time.Second, text
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: nobody()}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return core.Errorf(core.CodeNotEffective, "cannot import %s into the database %s: %w: %.500s", d.dump, d.name, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// open opens the dump. One that was found lies among files that were made elsewhere: a link in its place that leads out of
// them would bring this account what is another's.
func (d *database) open() (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK // a FIFO is opened at once, and then refused
	f, err := d.openWith(flags)
	if err != nil {
		return nil, cannot("import "+d.dump, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = core.Errorf(core.CodeInvalid, "cannot import %s: it is not a file", d.dump)
	}
	if err != nil {
		f.Close()
		return nil, cannot("import "+d.dump, err)
	}
	return f, nil
}

func (d *database) openWith(flags int) (*os.File, error) {
	if d.within == "" {
		return os.OpenFile(d.dump, flags, 0)
	}
	rel, err := filepath.Rel(d.within, d.dump)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.within)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(rel, flags, 0)
}

func client() string {
	for _, path := range []string{"/usr/bin/mariadb", "/usr/bin/mysql", "/usr/local/bin/mariadb", "/usr/local/bin/mysql"} {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// nobody is who owns nothing.
func nobody() *syscall.Credential {
	c := &syscall.Credential{Uid: 65534, Gid: 65534}
	u, err := user.Lookup("nobody")
	if err != nil {
		return c
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 == nil && err2 == nil && uid != 0 {
		c.Uid, c.Gid = uint32(uid), uint32(gid)
	}
	return c
}
