package provision

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/fault"
	"vpm/core/systemd"
)

// run is one run for one instance.
type run struct {
	Paths
	ctx     context.Context
	slug    string
	owner   owner // the instance's user
	request Request
	state   state
	journal *journal
	result  Result
	told    time.Time // when the result was last written
}

// state is what root knows of an instance that it has provisioned.
type state struct {
	Run      string  `json:"run"` // that has come to its end last
	Request  Request `json:"request"`
	UID      int     `json:"uid"`
	Copied   string  `json:"copied,omitempty"` // from where
	Served   bool    `json:"served,omitempty"` // visitors were sent to it: from then on it is not the original's copy any more
	Finished bool    `json:"finished,omitempty"`
	Database bool    `json:"database,omitempty"` // was made by us
	Rules    []rule  `json:"rules,omitempty"`    // carried over from .htaccess files
}

// Run is vpm-provision@SLUG.service, as root: it carries out the request that the server's user has left in
// SLUG.json, and tells in the file of that name in the directory of results how that goes. It fails with what the
// result says.
func Run(ctx context.Context, p Paths, slug string) error {
	return p.run(ctx, slug, map[Operation]func(*run) error{Provision: (*run).provision, Undo: (*run).undo, Finish: (*run).finish, Limit: (*run).limit})
}

// Remove is vpm-deprovision@SLUG.service, as root.
func Remove(ctx context.Context, p Paths, slug string) error {
	return p.run(ctx, slug, map[Operation]func(*run) error{Deprovision: (*run).deprovision})
}

func (p Paths) run(ctx context.Context, slug string, operations map[Operation]func(*run) error) error {
	if err := systemd.CheckSlug(slug); err != nil { // before it is part of any path
		return err
	}
	return p.locked(ctx, slug+".lock", func() error {
		r := &run{Paths: p, ctx: ctx, slug: slug}
		r.result = Result{Slug: slug, State: Running, StartedAt: time.Now().UTC(), Steps: []Step{}}
		return r.tell(r.carryOut(operations))
	})
}

// carryOut does what is asked, or leaves things as they were.
func (r *run) carryOut(operations map[Operation]func(*run) error) error {
	operation, err := r.read(operations)
	if err != nil {
		return err
	}
	if r.journal.Backing { // a run was killed while it was taken back
		if err := r.rollBack(r.ctx); err != nil {
			return err
		}
		r.journal.Run = rand.Text()
	}
	if err = operation(r); err == nil {
		err = r.commit()
	}
	if err == nil {
		return nil
	}
	// Not with a context that has ended: this is what must not be left out.
	if undoing := r.rollBack(context.WithoutCancel(r.ctx)); undoing != nil {
		r.result.warn(message(undoing))
		return errors.Join(err, undoing)
	}
	return err
}

// read takes the request and what is known of the instance.
func (r *run) read(operations map[Operation]func(*run) error) (func(*run) error, error) {
	server, err := mustLookUp(r.Server)
	if err != nil {
		return nil, err
	}
	data, err := readRequest(r.Requests, r.slug+".json", server)
	if err != nil {
		return nil, err
	}
	r.result.Request = sum(data)
	if err := decode(data, &r.request); err != nil {
		return nil, err
	}
	r.result.Operation, r.result.Instance = r.request.Operation, r.request.Instance
	if err := r.request.check(r.slug); err != nil {
		return nil, err
	}
	operation, ok := operations[r.request.Operation]
	if !ok {
		return nil, core.Errorf(core.CodeInvalid, "cannot carry out %q in this unit", r.request.Operation)
	}
	if r.state, err = readState(r.State, r.slug); err != nil {
		return nil, err
	}
	if r.state.Request.Instance != "" && r.state.Request.Instance != r.request.Instance {
		return nil, core.Errorf(core.CodeConflict, "cannot use the short name %s: it is that of %s", r.slug, r.state.Request.Instance)
	}
	if r.journal, err = openJournal(r.State + "/" + r.slug + ".journal"); err != nil {
		return nil, err
	}
	if r.journal.Run == "" || r.journal.Run == r.state.Run { // there is none, or its run has come to its end
		r.journal = &journal{path: r.journal.path, Run: rand.Text()}
	}
	return operation, nil
}

// step does one and tells how long it took.
func (r *run) step(name string, f func() error) error {
	begin := time.Now()
	fault.Point("before " + name)
	if err := r.ctx.Err(); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot go on: it has taken too long, or was stopped").Because(err)
	}
	if err := f(); err != nil {
		return err
	}
	fault.Point("after " + name)
	r.result.Steps = append(r.result.Steps, Step{name, time.Since(begin)})
	return r.publish()
}

// commit ends a run that has done what was asked: from here on its changes are not taken back.
func (r *run) commit() error {
	if r.state.Request.Instance == "" { // deprovisioned
		return r.closeJournal()
	}
	r.state.Run = r.journal.Run
	data, err := json.Marshal(r.state)
	if err == nil {
		err = atomicfile.Write(r.State+"/"+r.slug+".json", data, 0o600)
	}
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot note what was provisioned: %w", err)
	}
	fault.Point("state written")
	return r.closeJournal()
}

func readState(dir, slug string) (s state, err error) {
	data, err := os.ReadFile(dir + "/" + slug + ".json")
	if errors.Is(err, os.ErrNotExist) {
		return state{}, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return state{}, core.Errorf(core.CodeUnavailable, "cannot read what was provisioned of %s: %w", slug, err)
	}
	return s, nil
}

// tell writes the result of a run that is over.
func (r *run) tell(err error) error {
	r.result.State, r.result.EndedAt = Done, time.Now().UTC()
	if err != nil {
		r.result.State = Failed
		r.result.Error = failure(err)
	}
	return errors.Join(err, r.publish())
}

func (r *run) publish() error {
	r.told = time.Now()
	if err := atomicfile.Write(r.Results+"/"+r.slug+".json", r.result.text(), 0o644); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot write the result: %w", err)
	}
	return nil
}

// failure is what a result says of an error. A disk that is full is nothing that is wrong with vpm.
func failure(err error) *Failure {
	f := &Failure{core.CodeOf(err), message(err)}
	if !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT) {
		return f
	}
	if f.Code == core.CodeInternal { // nobody has said more of it
		f.Message = "cannot go on, the disk is full: " + f.Message
	}
	f.Code = core.CodeUnavailable
	return f
}

// message is an error in words for people. What root met on its own machine is for the administrator, who reads the
// result, so unlike elsewhere other errors are told too.
func message(err error) string {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
