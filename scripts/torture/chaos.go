package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// trouble is something that befalls the host.
type trouble struct {
	name string
	do   func(w *world, r *round, rng *rand.Rand) error
}

// troubles come one at a time, each once before any comes again. Programs are killed all along, beside them.
var troubles = []trouble{
	{"server killed", killServer},
	{"server killed", killServer},
	{"Apache child killed", killApacheChild},
	{"Apache killed", killApache},
	{"database killed", killDatabase},
	{"database frozen", freezeDatabase},
	{"disk full", fillDisk},
	{"disk read-only", readOnly},
	{"clock jump", jump},
	{"slow clients", slowClients},
}

// trouble befalls until the round is over.
func (r *round) trouble(ctx context.Context) error {
	rng := rng(r.seed, r.database, r.n, 1<<20)
	for {
		for _, i := range rng.Perm(len(troubles)) {
			t := troubles[i]
			if strings.HasPrefix(t.name, "database") && r.mariadb == nil {
				continue
			}
			if !r.sleep(ctx, time.Duration(200+rng.IntN(1200))*time.Millisecond) {
				return nil
			}
			r.event("%s", t.name)
			if err := t.do(r.world, r, rng); err != nil {
				return fmt.Errorf("cannot bring about %q: %w", t.name, err)
			}
			r.count(t.name)
		}
	}
}

// killPrograms kills CGI programs, and those that mod_fcgid keeps, at random moments of their lives.
func (r *round) killPrograms(ctx context.Context) {
	rng := rng(r.seed, r.database, r.n, 1<<21)
	for r.sleep(ctx, time.Duration(20+rng.IntN(200))*time.Millisecond) {
		if pids := r.programs("/api/vpm.cgi"); len(pids) > 0 {
			if syscall.Kill(pids[rng.IntN(len(pids))], syscall.SIGKILL) == nil {
				r.count("programs killed")
			}
		}
	}
}

// sleep waits, and tells whether the round goes on.
func (r *round) sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
	case <-time.After(min(d, max(time.Until(r.until), 0))):
	}
	return ctx.Err() == nil && time.Now().Before(r.until)
}

func killServer(w *world, _ *round, rng *rand.Rand) (err error) {
	w.server.kill()
	time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
	w.server, err = w.startServer()
	return err
}

func killApacheChild(w *world, _ *round, rng *rand.Rand) error {
	if pids := w.apaches(); len(pids) > 1 {
		_ = syscall.Kill(pids[1+rng.IntN(len(pids)-1)], syscall.SIGKILL)
	}
	return nil
}

func killApache(w *world, _ *round, rng *rand.Rand) error {
	w.host.Kill()
	time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
	return w.host.Restart()
}

func killDatabase(w *world, _ *round, rng *rand.Rand) error {
	w.mariadb.Kill()
	time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
	return w.mariadb.Restart()
}

func freezeDatabase(w *world, _ *round, rng *rand.Rand) error {
	if err := w.mariadb.Pause(); err != nil {
		return err
	}
	time.Sleep(time.Duration(200+rng.IntN(1500)) * time.Millisecond)
	return w.mariadb.Resume()
}

// fillDisk leaves the account no space, or a few kilobytes.
func fillDisk(w *world, _ *round, rng *rand.Rand) error {
	w.disk.Lock()
	defer w.disk.Unlock()
	path := filepath.Join(w.host.Home, "filler")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer f.Close()
	block := make([]byte, 64<<10)
	size := int64(0)
	for ; err == nil; size += int64(len(block)) {
		_, err = f.Write(block)
	}
	if free := int64(rng.IntN(5)) * 4096; free > 0 {
		if info, err := f.Stat(); err == nil {
			_ = f.Truncate(max(info.Size()-free, 0))
		}
	}
	time.Sleep(time.Duration(500+rng.IntN(1000)) * time.Millisecond)
	return nil
}

// readOnly makes the account's disk read-only, as Linux does after an error of the disk. It can only while nobody has a
// file open for writing: Apache is frozen for that moment, and what writes is killed.
func readOnly(w *world, r *round, rng *rand.Rand) (err error) {
	w.disk.Lock()
	defer w.disk.Unlock()
	apaches := w.apaches()
	signal := func(s syscall.Signal) {
		for _, pid := range apaches {
			_ = syscall.Kill(pid, s)
		}
	}
	signal(syscall.SIGSTOP)
	defer signal(syscall.SIGCONT)
	w.server.kill()
	try := func() bool {
		for _, pid := range w.programs("") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		err = syscall.Mount("", w.host.Home, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
		return err == nil
	}
	if !over(context.Background(), 10*time.Second, try) {
		return fmt.Errorf("cannot make the disk read-only: %w", err)
	}
	if w.server, err = w.startServer(); err != nil {
		return err
	}
	signal(syscall.SIGCONT)
	time.Sleep(time.Duration(500+rng.IntN(1000)) * time.Millisecond)
	return syscall.Mount("", w.host.Home, "", syscall.MS_REMOUNT, "")
}

// slowClients open connections and dawdle: they say nothing, or a part, or do not read.
func slowClients(w *world, r *round, rng *rand.Rand) error {
	in := w.instances[rng.IntN(len(w.instances))]
	body := fmt.Sprintf(`{"instance_id":%q,"reason":"half"}`, in.id)
	for range 12 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", w.host.Port))
		if err != nil {
			return nil // the trouble before this one is not quite over
		}
		way := ways[rng.IntN(len(ways))]
		text := fmt.Sprintf("POST %s/instances/stop.php HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nContent-Length: %d\r\n\r\n%s",
			way, w.tokens.get(), len(body)+100, body)
		_, _ = io.WriteString(conn, text[:rng.IntN(len(text)+1)])
		time.AfterFunc(time.Duration(500+rng.IntN(4000))*time.Millisecond, func() { conn.Close() })
	}
	return nil
}
