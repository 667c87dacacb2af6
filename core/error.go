package core

import (
	"errors"
	"fmt"
	"time"
)

// Code is the stable word by which programs tell failures apart; it is the "code" of an answer.
type Code string

// The codes of the wire contract, and throttled for requests refused because there were too many.
const (
	CodeInvalid         Code = "invalid"
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	CodeNotFound        Code = "not_found"
	CodeConflict        Code = "conflict"
	CodeBusy            Code = "busy"
	CodeNotEffective    Code = "not_effective"
	CodeThrottled       Code = "throttled"
	CodeUnavailable     Code = "unavailable"
	CodeInternal        Code = "internal"
)

// Error is the one error type that crosses package borders. Message is shown to people and must not hold
// secrets; Err is the cause, for the log only.
type Error struct {
	Code       Code
	Message    string
	RetryAfter time.Duration // 0: no advice
	Err        error
}

// Errorf makes an Error whose message is formatted. A %w operand becomes both part of the message and the
// cause; to keep a cause out of the message, use Error{Err: …} or Because.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Because returns a copy of e with a cause that only the log will show.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s (%s: %v)", e.Message, e.Code, e.Err)
	}
	return fmt.Sprintf("%s (%s)", e.Message, e.Code)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf gives the code of the first Error in err's chain, CodeInternal where there is none and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e := asError(err); e != nil {
		return e.Code
	}
	return CodeInternal
}

// asError gives the first Error in err's chain, nil where there is none.
func asError(err error) *Error {
	e, _ := errors.AsType[*Error](err)
	return e
}
