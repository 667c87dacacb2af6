package relocate

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"vpm/core"
	"vpm/core/fault"
	"vpm/core/install"
)

// step is one thing to do. Done again it goes on, or does nothing.
type step struct {
	what   string
	detail string
	do     func(context.Context) error
}

// Plan is what is done to have an account here.
type Plan struct {
	options Options
	account account
	notes   []string
	steps   []step
	awaited map[string]bool // databases that cannot be asked yet
	unlock  func()
}

// Close lets others take in the account. A Plan that was not applied is out of date then.
func (p *Plan) Close() { p.unlock() }

// Prepare looks at what was restored and at this machine, and gives the plan of what is not done yet. It changes nothing.
// Its errors say what is missing and how it comes. Until the plan is closed the account is its own: CodeBusy is that of
// another.
func Prepare(ctx context.Context, o Options) (*Plan, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	a, err := findAccount(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &Plan{options: o, account: a, awaited: map[string]bool{}}
	if p.unlock, err = lock(ctx, a.home); err != nil {
		return nil, cannot("adopt "+a.home, err)
	}
	if err := p.prepare(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Plan) prepare(ctx context.Context) error {
	p.noteUncopied()
	p.notePaths()
	p.options.Install.From = p.account.settings.Place.ProgramDir
	server, err := install.Prepare(ctx, p.options.Install)
	if err != nil {
		return err
	}
	if err := p.fileSteps(); err != nil {
		return err
	}
	if err := p.databaseSteps(ctx); err != nil {
		return err
	}
	if err := p.panelStep(ctx); err != nil {
		return err
	}
	if err := p.settingsStep(); err != nil {
		return err
	}
	if !server.Empty() {
		p.add(step{what: "install vpm's server, which takes over settings and database: vpm install --from " + p.options.Install.From,
			detail: "--dry-run of that shows every file and command, once the settings are as above", do: p.install})
	}
	return p.moveStep(ctx)
}

func (p *Plan) add(steps ...step) { p.steps = append(p.steps, steps...) }

func (p *Plan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// noteUncopied says which sites cannot be moved where they are.
func (p *Plan) noteUncopied() {
	sources := slices.Concat(p.options.Sources, install.Sources(p.account.settings.Place))
	for _, s := range p.account.sites {
		allowed := false
		for dir := s.dir; dir != "/" && !allowed; dir = filepath.Dir(dir) {
			allowed = slices.ContainsFunc(sources, func(pattern string) bool {
				ok, err := filepath.Match(pattern, dir)
				return ok && err == nil
			})
		}
		if !allowed {
			p.note("%s will not be moved: sites are copied from %s only", s.dir, strings.Join(sources, ", "))
		}
	}
}

// Empty tells whether all is done.
func (p *Plan) Empty() bool { return len(p.steps) == 0 }

// Print writes what was found and what Apply would do. Passwords are left out.
func (p *Plan) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "The account in %s", p.account.home)
	if p.account.was != "" && p.account.was != p.account.home {
		fmt.Fprintf(&b, ", which was %s", p.account.was)
	}
	fmt.Fprintf(&b, ": vpm in %s, and %d sites.\n", p.options.Install.From, len(p.account.sites))
	for _, line := range p.notes {
		b.WriteString("Note: " + line + "\n")
	}
	for i, st := range p.steps {
		fmt.Fprintf(&b, "%d. %s\n%s", i+1, st.what, indented(st.detail))
	}
	if p.Empty() {
		b.WriteString("Nothing to do.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Apply carries the plan out. Where it ends with an error, or is cut off, the next plan goes on.
func (p *Plan) Apply(ctx context.Context) error {
	for _, st := range p.steps {
		if err := ctx.Err(); err != nil {
			return core.Errorf(core.CodeUnavailable, "cannot go on: %w; the same command goes on where this ended", err)
		}
		p.options.Say(st.what)
		fault.Point("before: " + st.what)
		if err := st.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// install does what "vpm install" does, with the settings as they are now.
func (p *Plan) install(ctx context.Context) error {
	plan, err := install.Prepare(ctx, p.options.Install)
	if err != nil {
		return err
	}
	return plan.Apply(ctx)
}

// moveStep gives the instances processes of their own.
func (p *Plan) moveStep(ctx context.Context) error {
	detail, left, err := p.left(ctx)
	if err != nil || !left {
		return err
	}
	docroot := filepath.Dir(p.options.Install.From)
	p.add(step{what: "give each instance a process of its own, one by one; the original of each stays until vpm adopt --finish", detail: detail,
		do: func(ctx context.Context) error { return p.options.Move(ctx, docroot) }})
	return nil
}
