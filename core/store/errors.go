package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net"
	"time"

	"vpm/core"
)

// wrap turns an error of a driver into one of the domain. what is the sentence "cannot …" for people; the
// cause goes to the log only.
func (db *DB) wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	e := &core.Error{Code: core.CodeInternal, Message: what, Err: err}
	switch db.meaning(err) {
	case failBusy, failDeadlock:
		e.Code, e.RetryAfter = core.CodeBusy, time.Second
		e.Message = what + ": another change is under way, try again in a moment"
	case failDuplicate:
		e.Code, e.Message = core.CodeConflict, what+": it exists already"
	case failBadValue, failCollations:
		e.Code, e.Message = core.CodeInvalid, what+": the database does not accept one of the values"
	case failUnavailable:
		e.Message = what + ": the database does not answer"
	case failDenied:
		e.Message = what + ": the database refuses the user name or password, or the rights of that user"
	case failFull:
		e.Message = what + ": no space is left for the database"
	case failReadOnly:
		e.Message = what + ": the database or its directory cannot be written"
	case failNoTable:
		e.Message = what + ": tables of the database are missing or wait for an upgrade"
	}
	if e.Code == core.CodeInternal && db.meaning(err) != failUnknown {
		e.Code, e.RetryAfter = core.CodeUnavailable, 5*time.Second
	}
	return e
}

func (db *DB) meaning(err error) failure {
	if f := db.classify(err); f != failUnknown {
		return f
	}
	if errors.Is(err, errCutOff) {
		return failNoTable
	}
	_, network := errors.AsType[net.Error](err) // includes context.DeadlineExceeded
	switch {
	case network, errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, context.Canceled), errors.Is(err, fs.ErrNotExist):
		return failUnavailable
	}
	return failUnknown
}

func (db *DB) isDeadlock(err error) bool { return db.meaning(err) == failDeadlock }
