package setup

import (
	"context"
	"path/filepath"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
)

// Try checks the code and, where one is given, that the database can be used, so that people learn of a mistake before
// they have filled in the rest. It saves nothing, but gives the database its tables, which shows that it may. taken
// tells that the database has an administrator, who will be the first one.
func (s *Service) Try(ctx context.Context, r core.SetupRequest) (taken bool, err error) {
	st, err := s.firstLook(ctx)
	if err != nil {
		return false, err
	}
	if !st.Needed {
		return false, errDone()
	}
	err = s.locked(ctx, filepath.Dir(st.CodeFile), func(l *lockFile) error {
		if err := s.prove(ctx, l, r); err != nil {
			return err
		}
		if r.Database.Driver == "" {
			return nil
		}
		if err := checkChoice(r.Database); err != nil || r.Database.Driver == config.SQLite {
			return err // the embedded one needs the data directory only, and that has the code
		}
		db, err := store.Open(store.Options{MySQL: mysqlOf(r.Database)})
		if err != nil {
			return err
		}
		defer db.Close()
		if _, err := db.Migrate(ctx); err != nil {
			return err
		}
		taken, err = db.HasAdmin(ctx)
		return err
	})
	return taken, err
}
