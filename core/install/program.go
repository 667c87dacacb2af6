package install

import (
	"context"
	"os"
	"path/filepath"
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
	p.add(step{what: "copy " + p.options.Program + " to " + Program + " (root:root 0755, SHA-256 " + sum(text)[:16] + "…)",
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
		}}, p.link(ProgramLink, Program, ""))
	return nil
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
