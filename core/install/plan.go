package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
)

// step is one thing to do.
type step struct {
	what    string   // for people: "write /etc/vpm/vpm.env"
	detail  string   // what exactly
	changes string   // the topic that on of later steps names
	on      []string // it has to be done when one of these topics has changed,
	same    func() bool
	do      func(context.Context, *session) error
}

// needed tells whether there is something to do.
func (st step) needed(dirty map[string]bool) bool {
	for _, topic := range st.on {
		if dirty[topic] {
			return true
		}
	}
	return st.same != nil && !st.same()
}

// Plan is what an installation does to this machine.
type Plan struct {
	options Options
	journal *journal
	steps   []step
	unit    string // the text of vpm.service
}

// Prepare looks at the machine and gives the plan. It changes nothing. Its errors say what is missing and how it comes.
func Prepare(ctx context.Context, o Options) (*Plan, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	j, err := loadJournal()
	if err != nil {
		return nil, err
	}
	if j.Ending {
		return nil, core.Errorf(core.CodeConflict, "cannot install vpm: an uninstall was cut off; run vpm uninstall once more")
	}
	m, err := look(ctx)
	if err != nil {
		return nil, err
	}
	up, err := o.findUpload(ctx, j)
	if err != nil {
		return nil, err
	}
	p := &Plan{options: o, journal: j}
	for _, part := range []func(context.Context, machine, upload) error{p.machineSteps, p.settingSteps, p.serverSteps, p.webSteps, p.sudoersStep} {
		if err := part(ctx, m, up); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Plan) add(steps ...step) { p.steps = append(p.steps, steps...) }

// pending are the steps that have something to do, as things are now.
func (p *Plan) pending() (list []step) {
	dirty := p.dirty()
	for _, st := range p.steps {
		if st.needed(dirty) {
			list = append(list, st)
			dirty[st.changes] = true
		}
	}
	return list
}

// dirty is what has changed before this run: all may have, where an earlier one was cut off.
func (p *Plan) dirty() map[string]bool {
	dirty := map[string]bool{}
	for _, st := range p.steps {
		if p.journal.Started {
			dirty[st.changes] = true
		}
	}
	delete(dirty, "")
	return dirty
}

// Empty tells whether everything is as it should be.
func (p *Plan) Empty() bool { return len(p.pending()) == 0 }

// Print writes what Apply would do: every file with its content or how it changes, and every command. Passwords are
// left out.
func (p *Plan) Print(w io.Writer) error {
	var b strings.Builder
	for _, st := range p.pending() {
		b.WriteString(st.what + "\n")
		for line := range strings.Lines(st.detail) {
			b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	if b.Len() == 0 {
		b.WriteString("Nothing to do: vpm is installed.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Apply carries the plan out. Where a step fails everything that was done is undone, and the error says so.
func (p *Plan) Apply(ctx context.Context) error {
	if p.Empty() {
		return nil
	}
	unlock, err := lockState(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if p.journal, err = loadJournal(); err != nil { // another may have been at it until now
		return err
	}
	dirty := p.dirty()
	s := &session{journal: p.journal, say: p.options.Say, dirty: dirty}
	s.Started = true
	if err := s.save(); err != nil {
		return err
	}
	for _, st := range p.steps {
		if !st.needed(dirty) {
			continue
		}
		p.options.Say(st.what)
		fault.Point("before: " + st.what)
		err := ctx.Err()
		if err == nil {
			err = st.do(ctx, s)
		}
		if err != nil {
			return p.rollBack(ctx, fmt.Errorf("cannot %s: %w", st.what, err))
		}
		dirty[st.changes] = true
		delete(dirty, "")
	}
	return s.commit()
}

// rollBack undoes what this run did.
func (p *Plan) rollBack(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
	defer cancel()
	p.options.Say("rolling back: " + message(why))
	left, err := p.options.undoAll(ctx, p.journal, &p.journal.Run)
	if err == nil {
		p.journal.Started = false
		err = p.journal.save()
	}
	if err == nil && len(p.journal.Base) == 0 {
		err = removeState()
	}
	said := "nothing was changed"
	if len(left) > 0 { // a reload, say, of a web server whose configuration had an error before
		said += ", but for this: " + strings.Join(left, "; ")
	}
	if err != nil {
		said = "what was changed could not all be put back (run vpm uninstall): " + message(err)
	}
	said += ". The reason: " + message(why)
	return core.Errorf(core.CodeUnavailable, "%s", "cannot install vpm; "+said).Because(errors.Join(why, err))
}

// undoAll undoes records, the last first, and takes each out of the list once that is done.
func (o *Options) undoAll(ctx context.Context, j *journal, list *[]record) (left []string, err error) {
	for len(*list) > 0 {
		last := len(*list) - 1
		note, err := o.undo(ctx, (*list)[last])
		if err != nil {
			return left, err
		}
		if note != "" {
			left = append(left, note)
		}
		*list = slices.Clip((*list)[:last])
		if err := j.save(); err != nil {
			return left, err
		}
	}
	return left, nil
}

// lockState makes the directory of the journal, and keeps other installations out.
func lockState(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(StateDir, 0o755); err != nil {
		return nil, cannot("make "+StateDir, err)
	}
	dir, err := os.Open(StateDir)
	if err != nil {
		return nil, cannot("lock "+StateDir, err)
	}
	if err := atomicfile.Lock(ctx, dir, time.Second); err != nil {
		dir.Close()
		return nil, core.Errorf(core.CodeBusy, "cannot install vpm: another installation is running").Because(err)
	}
	return func() { dir.Close() }, nil
}

// removeState takes away the journal itself, last of all.
func removeState() error {
	err := os.RemoveAll(copiesDir)
	fault.Point("copies removed")
	if err == nil {
		err = os.RemoveAll(journalFile)
	}
	fault.Point("journal removed")
	if err == nil {
		_ = os.Remove(StateDir) // where something of others is in it, it stays
	}
	return cannot("remove "+StateDir, err)
}

// message is the part of an error for people.
func message(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*core.Error](err); ok {
		return strings.TrimSuffix(err.Error(), e.Error()) + e.Message
	}
	return err.Error()
}
