package systemd

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/godbus/dbus/v5"

	"vpm/core"
)

const (
	busName       = "org.freedesktop.systemd1"
	managerPath   = dbus.ObjectPath("/org/freedesktop/systemd1")
	managerPrefix = "org.freedesktop.systemd1.Manager."
	getAll        = "org.freedesktop.DBus.Properties.GetAll"
	getProperty   = "org.freedesktop.DBus.Properties.Get"
)

const (
	// callLimit is for one call that only looks.
	callLimit = 10 * time.Second
	// retryFor is how long a call waits for a bus, or for systemd on it, that is being restarted.
	retryFor = 3 * time.Second
)

// bus gives the connection, and makes one where there is none any more. The lock is a channel, so that nobody waits for
// it longer than his context allows.
func (u *Units) bus(ctx context.Context) (*dbus.Conn, error) {
	select {
	case u.lock <- struct{}{}:
		defer func() { <-u.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if u.conn != nil && u.conn.Connected() {
		return u.conn, nil
	}
	conn, err := dial(ctx, u.address)
	if err != nil {
		return nil, err
	}
	u.conn = conn
	return conn, nil
}

// dial connects, and asks to be told of jobs that have ended before any is begun. ctx bounds that and not the life of
// the connection.
func dial(ctx context.Context, address string) (*dbus.Conn, error) {
	life, end := context.WithCancel(context.Background())
	established := context.AfterFunc(ctx, end)
	// By number: a name would have to be looked up.
	options := []dbus.ConnOption{dbus.WithContext(life), dbus.WithAuth(dbus.AuthExternal(strconv.Itoa(os.Geteuid())))}
	var conn *dbus.Conn
	var err error
	if address == "" {
		conn, err = dbus.ConnectSystemBus(options...)
	} else {
		conn, err = dbus.Connect(address, options...)
	}
	if err == nil {
		err = conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(busName+".Manager"), dbus.WithMatchMember("JobRemoved"),
			dbus.WithMatchObjectPath(managerPath))
	}
	if !established() || err != nil {
		end()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return conn, nil
}

// Close ends the connection. The next call makes another.
func (u *Units) Close() error {
	u.lock <- struct{}{}
	defer func() { <-u.lock }()
	if u.conn == nil {
		return nil
	}
	return u.conn.Close()
}

// look calls a method of systemd that changes nothing, and stores its results.
func (u *Units) look(ctx context.Context, path dbus.ObjectPath, method string, args, results []any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return u.call(ctx, false, path, method, args, results)
}

// change calls a method that polkit has to allow, which takes as long as the machine is busy. Who gives up before does not
// know what has become of it: systemd goes on when polkit has answered.
func (u *Units) change(ctx context.Context, once bool, method string, args, results []any) error {
	ctx, cancel := context.WithTimeout(ctx, jobLimit)
	defer cancel()
	return u.call(ctx, once, managerPath, managerPrefix+method, args, results)
}

// call calls a method of systemd and stores its results. A bus or a systemd that is being restarted is waited for; what
// must not happen twice is then not tried again.
func (u *Units) call(ctx context.Context, once bool, path dbus.ObjectPath, method string, args, results []any) error {
	giveUp := time.Now().Add(retryFor)
	for {
		conn, err := u.bus(ctx)
		sent := err == nil
		if sent {
			err = conn.Object(busName, path).CallWithContext(ctx, method, 0, args...).Store(results...)
		}
		if err == nil || !passing(err) || sent && once || time.Now().After(giveUp) {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// passing tells whether an error is that of a bus or of a systemd that is not there at the moment.
func passing(err error) bool {
	return errors.Is(err, dbus.ErrClosed) || errors.Is(err, os.ErrClosed) || slices.Contains([]string{
		"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.Spawn.ChildExited", "org.freedesktop.DBus.Error.NoReply",
		"org.freedesktop.DBus.Error.Disconnected",
	}, errorName(err))
}

// errorName is D-Bus's name of an error, "" for others.
func errorName(err error) string {
	if e, ok := errors.AsType[dbus.Error](err); ok {
		return e.Name
	}
	return ""
}

// busError is the error for people. doing is what could not be done: "start vpm-php@shop1.service".
func busError(doing string, err error) error {
	if err == nil {
		return nil
	}
	if already, ok := errors.AsType[*core.Error](err); ok {
		return already
	}
	switch name := errorName(err); {
	case name == "org.freedesktop.DBus.Error.AccessDenied", name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired":
		return core.Errorf(core.CodeUnavailable, "cannot %s: systemd does not let vpm do that; install vpm's polkit rule 50-vpm.rules", doing).Because(err)
	case name == "org.freedesktop.systemd1.NoSuchUnit":
		return core.Errorf(core.CodeUnavailable, "cannot %s: systemd has no such unit; install vpm's unit files", doing).Because(err)
	case name == "org.freedesktop.systemd1.TransactionIsDestructive":
		return core.Errorf(core.CodeUnavailable, "cannot %s: the server is shutting down", doing).Because(err)
	case name != "":
		return core.Errorf(core.CodeUnavailable, "cannot %s: systemd says %q", doing, err.Error()).Because(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return core.Errorf(core.CodeBusy, "cannot %s: systemd has not answered in time", doing).Because(err)
	}
	return core.Errorf(core.CodeUnavailable, "cannot %s: systemd cannot be reached over D-Bus", doing).Because(err)
}
