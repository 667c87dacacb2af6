//go:build linux

package systemd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"

	"vpm/core"
	"vpm/htaccess"
)

// Inside is what the test binary answers where it runs in the VPS as the server's user, so that bus, polkit and
// file permissions are the real ones.
type Inside struct {
	rt    *Runtime
	mu    sync.Mutex
	gates map[string]*htaccess.Gate
}

// serveInside answers on standard input and output until they close.
func serveInside() {
	in := &Inside{gates: map[string]*htaccess.Gate{}}
	in.rt = &Runtime{
		Units: NewUnits(""), Wanted: Wanted{"/var/lib/vpm/wanted"}, Cgroups: Cgroups{"/sys/fs/cgroup", "/proc"},
		Journal: Journal{"/usr/bin/journalctl"}, Pools: "/etc/vpm/pools", Sockets: "/run/vpm", Now: time.Now,
		Slug:      func(_ context.Context, i core.Instance) (string, error) { return i.InstanceID, nil },
		Timestamp: func(at time.Time) core.Timestamp { return core.Timestamp(at.UTC().Format(time.DateTime)) },
		Gate: func(_ context.Context, slug string, closed *htaccess.Gate) error {
			in.mu.Lock()
			defer in.mu.Unlock()
			in.gates[slug] = closed
			return nil
		},
	}
	server := rpc.NewServer()
	if err := server.Register(in); err != nil {
		panic(err)
	}
	server.ServeConn(struct {
		io.Reader
		io.WriteCloser
	}{os.Stdin, os.Stdout})
}

// Ask is a question to the process inside. As a record it is an instance whose id is its slug.
type Ask struct {
	Verb, Unit string
	Slug, Run  string
	Stopped    bool
	Insist     bool
	Within     time.Duration // 0: 40 seconds
}

func (a Ask) record() core.Record {
	r := core.Record{Instance: core.Instance{InstanceID: a.Slug, Status: core.StatusActive},
		Run: core.Run{VirtualPID: a.Run, Status: core.RunRunning}}
	if a.Stopped {
		r.Instance.Status, r.Run.Status, r.Gate.Reason = core.StatusInactive, core.RunStopped, "closed for a test"
	}
	return r
}

func (a Ask) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(a.Within, 40*time.Second))
	if a.Insist {
		ctx = core.Insist(ctx)
	}
	return ctx, cancel
}

// Answer is what it says. An error that is none of core's has no code.
type Answer struct {
	Code    core.Code
	Message string
	Result  Result
	Seen    core.Evidence
	Process core.Process
}

func (a *Answer) fail(err error) {
	if err != nil {
		a.Code, a.Message = core.CodeOf(err), message(err)
	}
}

func (in *Inside) Drive(ask Ask, answer *Answer) (_ error) {
	ctx, cancel := ask.context()
	defer cancel()
	u := in.rt.Units
	drive, ok := map[string]func(context.Context, string) (Result, error){
		"start": u.Start, "stop": u.Stop, "restart": u.Restart, "reload": u.Reload,
		"reset-failed": func(ctx context.Context, unit string) (Result, error) { return Result{}, u.ResetFailed(ctx, unit) },
	}[ask.Verb]
	if !ok {
		return os.ErrInvalid
	}
	var err error
	answer.Result, err = drive(ctx, ask.Unit)
	answer.fail(err)
	return nil
}

func (in *Inside) Settle(ask Ask, answer *Answer) (_ error) {
	ctx, cancel := ask.context()
	defer cancel()
	turn, unlock, err := in.rt.Lock(ctx, ask.record())
	if err != nil {
		answer.fail(err)
		return nil
	}
	defer unlock()
	s, err := in.rt.Settle(turn, ask.record())
	answer.Seen = s.Evidence
	answer.fail(err)
	return nil
}

func (in *Inside) Look(ask Ask, answer *Answer) error {
	ctx, cancel := ask.context()
	defer cancel()
	var err error
	answer.Seen = in.rt.Observe(ctx, ask.record())
	if answer.Process, err = in.rt.Process(ctx, ask.record()); err != nil {
		return err
	}
	answer.Result.Unit, err = in.rt.Units.Detail(ctx, ask.Slug)
	return err
}

func (in *Inside) Release(ask Ask, answer *Answer) (_ error) {
	ctx, cancel := ask.context()
	defer cancel()
	answer.fail(in.rt.Release(ctx, ask.record()))
	return nil
}

func (in *Inside) Note(ask Ask, note *Note) (err error) {
	*note, _, err = in.rt.Wanted.Read(ask.Slug)
	return err
}

func (in *Inside) WriteNote(ask Ask, _ *bool) error {
	return in.rt.Wanted.Write(ask.Slug, Note{ask.Run, ask.Unit})
}

func (in *Inside) RemoveNote(ask Ask, _ *bool) error { return in.rt.Wanted.Remove(ask.Slug) }

func (in *Inside) Gates(_ Ask, gates *map[string]htaccess.Gate) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	*gates = map[string]htaccess.Gate{}
	for slug, g := range in.gates {
		if g != nil {
			(*gates)[slug] = *g
		}
	}
	return nil
}

// Used is an instance in an overview, with what it uses.
type Used struct {
	Standing
	Resources Resources
}

func (in *Inside) Overview(ask Ask, all *map[string]Used) error {
	ctx, cancel := ask.context()
	defer cancel()
	standings, err := in.rt.Overview(ctx)
	*all = make(map[string]Used, len(standings))
	for slug, s := range standings {
		(*all)[slug] = Used{s, in.rt.Cgroups.Read(s.Group)}
	}
	return err
}

func (in *Inside) Status(ask Ask, s *FPMStatus) (err error) {
	ctx, cancel := ask.context()
	defer cancel()
	*s, err = Status(ctx, in.rt.StatusSocket(ask.Slug))
	return err
}

func (in *Inside) Resources(ask Ask, r *Resources) error {
	ctx, cancel := ask.context()
	defer cancel()
	d, err := in.rt.Units.Detail(ctx, ask.Slug)
	*r = in.rt.Cgroups.Read(d.ControlGroup)
	return err
}

func (in *Inside) Exits(ask Ask, exits *[]string) (err error) {
	ctx, cancel := ask.context()
	defer cancel()
	*exits, err = in.rt.Exits(ctx, ask.Slug, 5)
	return err
}

func (in *Inside) Log(ask Ask, log *[]string) (err error) {
	ctx, cancel := ask.context()
	defer cancel()
	*log, err = in.rt.Journal.Last(ctx, UnitName(ask.Slug), 100, time.Time{})
	return err
}

func (in *Inside) Detect(ask Ask, found *Capability) error {
	ctx, cancel := ask.context()
	defer cancel()
	*found = Detector{Units: in.rt.Units, Journal: in.rt.Journal, Wanted: in.rt.Wanted,
		Booted: "/run/systemd/system", FPM: "/usr/sbin/php-fpm*", Now: time.Now}.Detect(ctx)
	return nil
}

// Together starts all instances at once, again where there are too many others, and says which were seen being started at the
// same time when those were the most.
func (in *Inside) Together(slugs []string, most *[]string) error {
	ctx, cancel := Ask{Within: 15 * time.Minute}.context()
	defer cancel()
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for _, slug := range slugs {
		wg.Go(func() {
			_, err := in.rt.Units.Start(ctx, UnitName(slug))
			for core.CodeOf(err) == core.CodeBusy && ctx.Err() == nil {
				_, err = in.rt.Units.Start(ctx, UnitName(slug))
			}
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for {
		units, err := in.rt.Units.List(ctx)
		if err != nil {
			return err
		}
		var starting []string
		for _, slug := range slugs {
			if u := units[slug]; u.Active == "activating" {
				starting = append(starting, fmt.Sprintf("%s (%s, %s)", slug, u.Sub, u.Job))
			}
		}
		if len(starting) > len(*most) {
			*most = starting
		}
		select {
		case <-done:
			if err := failed.Load(); err != nil {
				return *err
			}
			return nil
		case <-time.After(5 * time.Millisecond): // asking takes systemd's time too
		}
	}
}

// Attempts asks systemd for what the server's user must not get, and says how each was refused, "" for what was not.
func (in *Inside) Attempts(_ Ask, refused *map[string]string) error {
	ctx, cancel := Ask{}.context()
	defer cancel()
	try := func(name, method string, args ...any) {
		conn, err := in.rt.Units.bus(ctx)
		if err == nil {
			err = conn.Object(busName, managerPath).CallWithContext(ctx, managerPrefix+method, 0, args...).Err
		}
		(*refused)[name] = errorName(err)
	}
	*refused = map[string]string{}
	try("transient", "StartTransientUnit", "vpm-php@evil.service", "replace",
		[]property{{"ExecStart", dbus.MakeVariant([]command{{"/bin/true", []string{"/bin/true"}, false}})}}, []aux{})
	try("kill", "KillUnit", "vpm-php@kept.service", "main", int32(9))
	try("set-property", "SetUnitProperties", "vpm-php@kept.service", true, []property{{"MemoryMax", dbus.MakeVariant(uint64(1 << 40))}})
	try("link", "LinkUnitFiles", []string{"/tmp/evil.service"}, true, true)
	try("enable", "EnableUnitFiles", []string{"vpm-php@kept.service"}, false, true)
	try("daemon-reload", "Reload")
	try("isolate", "StartUnit", "rescue.target", "isolate")
	try("another unit", "RestartUnit", "dbus.service", "replace")
	try("a slug too long", "StartUnit", "vpm-php@aaaaaaaaaaaaaaaaaaaaaaaaa.service", "replace")
	try("a slug that is none", "StartUnit", "vpm-php@A_b.service", "replace")
	try("stop a provisioning", "StopUnit", "vpm-provision@calm.service", "replace")
	return nil
}
