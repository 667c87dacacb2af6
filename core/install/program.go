package install

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"vpm/core"
)

// programSteps copies the program and lets people find it.
func (p *Plan) programSteps() error {
	text, err := os.ReadFile(p.options.Program)
	if err != nil {
		return cannot("read the program", err)
	}
	c := content{path: Program, text: text, mode: 0o755}
	link := p.link(ProgramLink, Program, "")
	link.same = func() bool { to, err := filepath.EvalSymlinks(ProgramLink); return err == nil && to == Program }
	p.add(p.packaged(), step{what: "copy " + p.options.Program + " to " + Program + " (root:root 0755, SHA-256 " + sum(text)[:16] + "…)",
		changes: program, same: c.same,
		do: func(_ context.Context, s *session) error {
			if err := s.put(c); err != nil {
				return err
			}
			// What was written is what will be run as a service, and by root.
			if copied, err := os.ReadFile(Program); err != nil || sum(copied) != sum(text) {
				return core.Errorf(core.CodeUnavailable, "cannot copy the program: what is in %s has another checksum", Program)
			}
			return nil
		}}, link)
	return nil
}

// packaged leaves the program to the package manager where a package has brought it since it was copied: its removal is
// that of the package then.
func (p *Plan) packaged() step {
	own := func(r record) bool {
		return r.is(ofFile, Program) || r.is(ofLink, ProgramLink) || r.is(ofDir, filepath.Dir(Program))
	}
	return step{what: "leave " + Program + " to the package it came with",
		same: func() bool {
			return !slices.ContainsFunc(p.journal.Base, own) || exec.Command("/usr/bin/dpkg-query", "--search", Program).Run() != nil
		},
		do: func(_ context.Context, s *session) error {
			s.Base = slices.DeleteFunc(s.Base, own)
			return s.save()
		}}
}

// runs tells whether the main process of a unit runs the very file at path, and not one that was there before.
func runs(ctx context.Context, unit, path string) bool {
	pid, err := run(ctx, "systemctl", "show", "--value", "--property=MainPID", unit)
	if err != nil {
		return false
	}
	runs, err := os.Stat("/proc/" + strings.TrimSpace(pid) + "/exe")
	if err != nil {
		return false
	}
	is, err := os.Stat(path)
	return err == nil && os.SameFile(runs, is)
}

func sameDir(path string, mode os.FileMode, owner, group string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || info.Mode().Perm() != mode {
		return false
	}
	uid, gid, err := ids(owner, group)
	st := info.Sys().(*syscall.Stat_t)
	return err == nil && int(st.Uid) == uid && int(st.Gid) == gid
}

// wants is the link by which a target starts a unit at boot, which is what "systemctl enable" makes. Made by ourselves,
// it can be undone to the last directory.
func wants(target, unit string) (link, to string) {
	return filepath.Join(unitDir, target+".wants", filepath.Base(unit)), unit
}
