package setup

import (
	"context"
	"path/filepath"

	"vpm/core"
	"vpm/core/auth"
)

// ResetFile makes sure that there is a code for a reset and names its file.
func (s *Service) ResetFile() (string, error) {
	dir, err := s.resetDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, resetCode.name), s.locked(context.Background(), dir, func(l *lockFile) error {
		return resetCode.ensure(l.dir, s.Now())
	})
}

// Reset replaces the password of a user, and ends that user's sessions.
func (s *Service) Reset(ctx context.Context, r core.ResetRequest) error {
	dir, err := s.resetDir()
	if err != nil {
		return err
	}
	return s.locked(ctx, dir, func(l *lockFile) error {
		if err := resetCode.ensure(l.dir, s.Now()); err != nil {
			return err
		}
		if err := l.check(resetCode, r.Code, r.Address, s.Now()); err != nil {
			return err
		}
		hash, err := auth.HashPassword(r.Password) // the name may be one that other programs gave
		if err != nil {
			return err
		}
		db, err := s.Open(s.Config)
		if err != nil {
			return err
		}
		defer db.Close()
		ev := core.Event{At: s.Now(), Action: core.ActionReset, Result: core.ResultOK,
			Actor: core.Actor{Name: r.Username, Address: r.Address}}
		if err := db.SetPassword(ctx, r.Username, hash, ev); err != nil {
			return err
		}
		return resetCode.remove(dir)
	})
}

func (s *Service) resetDir() (string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.Config.Configured() {
		return "", core.Errorf(core.CodeUnavailable, "cannot reset a password: nothing is set up yet, see /api/setup.php")
	}
	return s.dataDir()
}
