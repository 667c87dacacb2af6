// Package setup brings a fresh upload to its first administrator without a shell, and resets a lost password
// later. Both ask for the same proof: a code that the program wrote to a file which only somebody with
// access to the account can read.
package setup

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vpm/core"
	"vpm/core/auth"
	"vpm/core/config"
	"vpm/core/store"
)

// Service does set-up and password resets for one installation.
type Service struct {
	Config *config.Config // set-up changes it
	// Open opens the database that settings name. It is closed again.
	Open func(*config.Config) (*store.DB, error)
	Now  func() time.Time

	// mu guards what Config points to among the requests of a long-running process.
	mu sync.RWMutex
}

// State looks whether set-up is open, and then makes sure that there is a code. A database that is configured
// but does not answer is an error: trouble must never reopen set-up.
func (s *Service) State(ctx context.Context) (core.SetupState, error) {
	st, err := s.firstLook(ctx)
	if err != nil || !st.Needed {
		return st, err
	}
	err = s.locked(ctx, filepath.Dir(st.CodeFile), func(l *lockFile) (err error) {
		st, err = s.lookAgain(ctx, l)
		return err
	})
	return st, err
}

func (s *Service) firstLook(ctx context.Context) (core.SetupState, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.look(ctx)
}

func (s *Service) look(ctx context.Context) (core.SetupState, error) {
	st := core.SetupState{Needed: true, DatabaseConfigured: s.Config.Configured()}
	if st.DatabaseConfigured {
		done, err := s.hasAdmin(ctx)
		if err != nil || done {
			return core.SetupState{DatabaseConfigured: true}, err
		}
	}
	dir, err := s.dataDir()
	if err != nil {
		return core.SetupState{}, err
	}
	st.CodeFile = filepath.Join(dir, setupCode.name)
	return st, nil
}

// lookAgain looks with the settings that another process may have saved while this one waited for the lock.
// Where set-up is still open, there is a code.
func (s *Service) lookAgain(ctx context.Context, l *lockFile) (core.SetupState, error) {
	if !s.Config.Configured() {
		saved, err := config.Load(s.Config.Place)
		if err != nil {
			return core.SetupState{}, err
		}
		if saved.Configured() {
			*s.Config = *saved
		}
	}
	st, err := s.look(ctx)
	if err != nil || !st.Needed {
		return st, err
	}
	return st, setupCode.ensure(l.dir, s.Now())
}

func (s *Service) hasAdmin(ctx context.Context) (bool, error) {
	db, err := s.Open(s.Config)
	if err != nil {
		return false, err
	}
	defer db.Close()
	return db.HasAdmin(ctx)
}

// Run sets up: the database is tried and given its tables, the settings are saved, the administrator is
// created, and the code is used up, in this order, so that a run that was cut off anywhere can be repeated.
func (s *Service) Run(ctx context.Context, r core.SetupRequest) error {
	st, err := s.firstLook(ctx)
	if err != nil {
		return err
	}
	if !st.Needed {
		return errDone()
	}
	dir := filepath.Dir(st.CodeFile)
	return s.locked(ctx, dir, func(l *lockFile) error {
		if err := s.prove(ctx, l, r); err != nil {
			return err
		}
		hash, err := checkAccount(r.Username, r.Password)
		if err != nil {
			return err
		}
		db, err := s.chooseDatabase(ctx, dir, r.Database)
		if err != nil {
			return err
		}
		defer db.Close()
		ev := core.Event{At: s.Now(), Action: core.ActionSetup, Result: core.ResultOK,
			Actor: core.Actor{Name: r.Username, Address: r.Address}}
		if err := db.CreateFirstAdmin(ctx, r.Username, hash, ev); err != nil {
			return err
		}
		return setupCode.remove(dir)
	})
}

// prove checks that set-up is still open, and the code.
func (s *Service) prove(ctx context.Context, l *lockFile, r core.SetupRequest) error {
	st, err := s.lookAgain(ctx, l)
	if err != nil {
		return err
	}
	if !st.Needed {
		return errDone()
	}
	return l.check(setupCode, r.Code, r.Address, s.Now())
}

func errDone() error {
	return core.Errorf(core.CodeConflict, "cannot set up: it was done before; log in, or reset the password with /api/reset.php")
}

// chooseDatabase tries a choice before it is saved.
func (s *Service) chooseDatabase(ctx context.Context, dir string, ch core.DatabaseChoice) (*store.DB, error) {
	if ch.Driver == "" {
		if !s.Config.Configured() {
			return nil, core.Errorf(core.CodeInvalid, "cannot set up without a database: db_driver must be sqlite or mysql")
		}
		db, err := s.Open(s.Config)
		if err != nil {
			return nil, err
		}
		if _, err := db.Migrate(ctx); err != nil {
			db.Close()
			return nil, err
		}
		return db, nil
	}
	if err := checkChoice(ch); err != nil {
		return nil, err
	}
	opt := store.Options{MySQL: mysqlOf(ch)}
	if ch.Driver == config.SQLite {
		ch = core.DatabaseChoice{Driver: config.SQLite}
		opt.SQLite = (&config.Config{DataDir: dir}).SQLitePath()
		if err := store.CreateSQLite(ctx, opt.SQLite); err != nil {
			return nil, err
		}
	}
	db, err := store.Open(opt)
	if err != nil {
		return nil, err
	}
	if _, err = db.Migrate(ctx); err == nil {
		err = s.Config.Save(dir, ch)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func checkChoice(ch core.DatabaseChoice) error {
	switch {
	case ch.Driver == config.SQLite:
		return nil
	case ch.Driver != config.MySQL:
		return core.Errorf(core.CodeInvalid, "cannot use field 'db_driver': it must be sqlite or mysql")
	case ch.Name == "" || ch.User == "":
		return core.Errorf(core.CodeInvalid, "cannot use MySQL without db_name and db_user")
	}
	return nil
}

func mysqlOf(ch core.DatabaseChoice) store.MySQL {
	return store.MySQL{Host: ch.Host, Port: ch.Port, Socket: ch.Socket, Database: ch.Name, User: ch.User, Password: ch.Password}
}

// checkAccount checks what a person chose and gives the hash to store.
func checkAccount(username, password string) (hash string, err error) {
	if err := auth.CheckUsername(username); err != nil {
		return "", err
	}
	return auth.HashPassword(password)
}

// dataDir is the configured data directory, which must be there, or before set-up the first place where one
// can be made.
func (s *Service) dataDir() (string, error) {
	if dir := s.Config.DataDir; dir != "" {
		if s.Config.Configured() {
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return "", core.Errorf(core.CodeUnavailable, "cannot find the data directory %s: put it back where it was", dir)
			}
		}
		if err := prepareDataDir(dir); err != nil {
			return "", core.Errorf(core.CodeUnavailable, "cannot use the data directory: %w", err)
		}
		return dir, nil
	}
	var err error
	for _, dir := range s.Config.Place.DataDirs() {
		if err = prepareDataDir(dir); err == nil {
			return dir, nil
		}
	}
	return "", core.Errorf(core.CodeUnavailable, "cannot make a data directory anywhere: %w", err)
}
