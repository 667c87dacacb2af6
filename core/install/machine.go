package install

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"

	"vpm/core"
	"vpm/core/fault"
	"vpm/core/systemd"
)

// Topics that later steps wait for.
const (
	program  = "program"
	units    = "units"
	sockets  = "sockets"
	settings = "settings"
	web      = "web"
)

// machineSteps are the program, the user, the directories, the units and the right to drive them.
func (p *Plan) machineSteps(_ context.Context, m machine, up upload) error {
	if err := p.programSteps(); err != nil {
		return err
	}
	files, err := systemd.Files(m.fpm)
	if err != nil {
		return err
	}
	maps.Copy(files, p.options.Units)
	for _, needed := range []string{service, socket} {
		if files[needed] == "" {
			return core.Errorf(core.CodeInternal, "cannot install vpm: the text of %s is missing", needed)
		}
	}
	m.privilege.choose(files)
	p.unit = files[service]
	const sysusers, tmpfiles = "/etc/sysusers.d/vpm.conf", "/etc/tmpfiles.d/vpm.conf"
	p.add(p.file(content{path: sysusers, text: []byte(files[sysusers]), mode: 0o644}, ""), userStep(sysusers))
	p.add(p.file(content{path: tmpfiles, text: []byte(files[tmpfiles]), mode: 0o644}, "tmpfiles"))
	if err := p.dirSteps(files[tmpfiles]); err != nil {
		return err
	}
	p.add(p.afterUndo("rm", "-d", "-f", "/run/vpm", path.Dir(Socket)))
	delete(files, sysusers)
	delete(files, tmpfiles)
	p.add(p.afterUndo("systemctl", "daemon-reload"))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		c := content{path: name, text: []byte(files[name]), mode: 0o644}
		topic := ""
		switch {
		case name == socket:
			topic = sockets
		case strings.HasPrefix(name, unitDir):
			topic = units
		}
		if name == sudoersFile {
			c.mode = 0o440
			p.add(checkedSudoers(p, c))
			continue
		}
		p.add(p.file(c, topic))
	}
	if m.webGroup != "www-data" {
		p.add(p.file(content{path: socket + ".d/10-group.conf", mode: 0o644,
			text: fmt.Appendf(nil, "# The web server's group on this machine.\n[Socket]\nSocketGroup=%s\n", m.webGroup)}, sockets))
	}
	p.add(p.writeSources(up))
	return nil
}

// file is the step that writes c.
func (p *Plan) file(c content, topic string) step {
	return step{what: fmt.Sprintf("write %s (%s:%s %04o)", c.path, orRoot(c.owner), orRoot(c.group), c.mode), detail: preview(c),
		changes: topic, same: c.same, do: func(_ context.Context, s *session) error { return s.put(c) }}
}

func orRoot(name string) string {
	if name == "" {
		return "root"
	}
	return name
}

func (p *Plan) link(path, target, topic string) step {
	return step{what: "link " + path + " -> " + target, changes: topic,
		same: func() bool { is, err := os.Readlink(path); return err == nil && is == target },
		do:   func(_ context.Context, s *session) error { return s.link(path, target) }}
}

func commandStep(on []string, argv ...string) step {
	return step{what: "run " + strings.Join(argv, " "), on: on,
		do: func(ctx context.Context, _ *session) error { _, err := run(ctx, argv...); return err }}
}

// afterUndo notes a command that has to follow once all later steps are undone.
func (p *Plan) afterUndo(argv ...string) step {
	line := strings.Join(argv, " ")
	return step{what: "note for the uninstallation: run " + line,
		same: func() bool { return p.journal.find(ofCommand, line) != nil },
		do: func(_ context.Context, s *session) error {
			return s.note(record{Kind: ofCommand, Path: line, Undo: argv})
		}}
}

// userStep makes the server's user. Where sysusers.d(5) is not known, useradd does it.
func userStep(sysusers string) step {
	commands := [][]string{{"useradd", "--system", "--user-group", "--home-dir", StateDir, "--no-create-home", "--shell", "/usr/sbin/nologin", User},
		{"usermod", "--append", "--groups", "systemd-journal", User}}
	if find("/usr/bin/systemd-sysusers", "/bin/systemd-sysusers") != "" {
		commands = [][]string{{"systemd-sysusers", sysusers}}
	}
	var detail strings.Builder
	for _, c := range commands {
		detail.WriteString(strings.Join(c, " ") + "\n")
	}
	return step{what: "make the user " + User, detail: detail.String(),
		same: func() bool { _, err := user.Lookup(User); return err == nil },
		do: func(ctx context.Context, s *session) error {
			if err := s.note(record{Kind: ofUser, Path: User}); err != nil {
				return err
			}
			fault.Point("noted the user")
			for _, c := range commands {
				if _, err := run(ctx, c...); err != nil {
					return err
				}
			}
			fault.Point("user made")
			return nil
		}}
}

// dirSteps makes the directories of tmpfiles.d(5) now, so that the journal knows which are new, and those that it leaves
// out. What the server puts into those below StateDir goes with them.
func (p *Plan) dirSteps(tmpfiles string) error {
	lines := strings.Split(tmpfiles, "\n")
	lines = append(lines, "d "+DataDir+" 0700 "+User+" "+User+" -")
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) < 5 || f[0] != "d" || strings.HasPrefix(f[1], "/run/") {
			continue
		}
		mode, err := strconv.ParseUint(f[2], 8, 12)
		if err != nil {
			return core.Errorf(core.CodeInternal, "cannot understand %q", line).Because(err)
		}
		kind := ofDir
		if path.Dir(f[1]) == StateDir {
			kind = ofTree
		}
		p.add(dirStep(kind, f[1], os.FileMode(mode), f[3], f[4]))
	}
	p.add(commandStep([]string{"tmpfiles"}, "systemd-tmpfiles", "--create", "/etc/tmpfiles.d/vpm.conf"))
	return nil
}

func dirStep(kind, path string, mode os.FileMode, owner, group string) step {
	return step{what: fmt.Sprintf("make the directory %s (%s:%s %04o)", path, owner, group, mode),
		same: func() bool { return sameDir(path, mode, owner, group) },
		do: func(_ context.Context, s *session) error {
			if path == StateDir { // it holds the journal, and goes last by itself
				return os.Chmod(path, mode)
			}
			if err := s.parents(path); err != nil {
				return err
			}
			return s.dir(kind, path, mode, owner, group)
		}}
}
