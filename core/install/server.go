package install

import (
	"context"
	"os/exec"
	"slices"
	"strings"

	"vpm/core"
)

// serverSteps start the server, now and at each boot, and prove that it may drive its units.
func (p *Plan) serverSteps(_ context.Context, m machine, up upload) error {
	dropIn, err := place(p.unit, up)
	if err != nil {
		return err
	}
	// Before the data, so that what is undone in the other order stops the server first.
	p.insertBefore("take over "+up.dir,
		p.file(content{path: service + ".d/10-docroot.conf", text: []byte(dropIn), mode: 0o644}, units))
	for _, w := range [][2]string{{"sockets.target", socket}, {"multi-user.target", service}} {
		link, to := wants(w[0], w[1])
		p.insertBefore("take over "+up.dir, p.link(link, to, units))
	}
	p.insertBefore("take over "+up.dir, commandStep([]string{units, sockets}, "systemctl", "daemon-reload"))
	p.add(p.afterUndo("systemctl", "stop", "vpm.socket", "vpm.service", "vpm.slice"))
	restart, running := []string{program, units, sockets, settings}, func() bool {
		ctx := context.Background()
		return active(ctx, "vpm.socket") && active(ctx, "vpm.service") && runs(ctx, "vpm.service", Program)
	}
	if p.options.Migrate != nil {
		// Right before the restart: a server that was not upgraded yet refuses to work with newer tables. Where this fails it
		// runs on, with its own.
		p.add(step{what: "upgrade the tables of the database, where they are of an earlier version", on: restart, same: running,
			do: func(ctx context.Context, _ *session) error { return p.options.Migrate(ctx) }})
	}
	p.add(step{what: "start the server: run systemctl restart vpm.socket vpm.service", changes: "started", on: restart, same: running,
		do: func(ctx context.Context, s *session) error {
			_, _ = run(ctx, "systemctl", "reset-failed", "vpm.socket", "vpm.service") // of a unit that never failed it knows nothing
			argv := []string{"systemctl", "restart", "vpm.service"}
			if s.dirty[sockets] || !active(ctx, "vpm.socket") { // otherwise what web servers send meanwhile waits in the socket
				argv = append(argv, "vpm.socket")
			}
			if _, err := run(ctx, argv...); err != nil {
				return core.Errorf(core.CodeUnavailable, "cannot start the server: %w; its log says: %s", err, lastLog(ctx))
			}
			return nil
		}})
	p.add(step{what: "start " + selfTest + " as " + User + ", which proves that the server may drive its units", on: []string{units, sockets, program, "started"},
		do: func(ctx context.Context, _ *session) error { return m.privilege.effective(ctx) }})
	return nil
}

func (p *Plan) insertBefore(what string, st step) {
	at := slices.IndexFunc(p.steps, func(st step) bool { return st.what == what })
	p.steps = slices.Insert(p.steps, at, st)
}

// place tells the server below which document root its URLs lie: the unit's own command, and that.
func place(unit string, up upload) (string, error) {
	for line := range strings.Lines(unit) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
		if !ok {
			continue
		}
		text := "# Where the panel was uploaded to.\n[Service]\nExecStart=\nExecStart=" + command + " --docroot \"" +
			strings.ReplaceAll(up.docroot, "%", "%%") + "\"\n"
		if strings.HasPrefix(up.docroot, "/home/") || strings.HasPrefix(up.docroot, "/root/") {
			text += "# It has to see what lies there, with the rights of its user.\nProtectHome=read-only\n"
		}
		return text, nil
	}
	return "", core.Errorf(core.CodeInternal, "cannot install vpm: %s has no command", service)
}

// lastLog gives the last lines of the server's log.
func lastLog(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "/usr/bin/journalctl", "--unit=vpm.service", "--lines=5", "--no-pager", "--output=cat").Output()
	if err != nil {
		return "(it cannot be read)"
	}
	return strings.Join(strings.Split(strings.TrimSpace(string(out)), "\n"), " | ")
}
