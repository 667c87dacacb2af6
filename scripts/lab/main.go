package lab

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Main is a TestMain: it has prepare put what the tests need into a new directory, which every user may enter, runs the
// tests, and ends the process with their result. The directory and the server of SharedMariaDB are gone then.
func Main(m *testing.M, prepare func(dir string) error) {
	code, err := run(m, prepare)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(m *testing.M, prepare func(dir string) error) (code int, err error) {
	dir, err := newDir()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stopSharedMariaDB(), os.RemoveAll(dir)) }()
	if err := prepare(dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

var shared struct {
	once sync.Once
	db   *MariaDB
	err  error
}

// SharedMariaDB is one server for all tests of a package that do not break it. It is started when it is first asked
// for, and Main stops it.
func SharedMariaDB() (*MariaDB, error) {
	shared.once.Do(func() { shared.db, shared.err = StartMariaDB() })
	return shared.db, shared.err
}

func stopSharedMariaDB() error {
	if shared.db == nil {
		return nil
	}
	return shared.db.Stop()
}
