package app

import (
	"context"
	"time"

	"vpm/core"
	"vpm/core/backup"
	"vpm/core/config"
	"vpm/core/httpapi"
	"vpm/core/store"
)

func keeper(c *config.Config, db *store.DB) *backup.Keeper {
	return &backup.Keeper{DB: db, Dir: c.DataDir, Now: time.Now}
}

// Keeper makes and restores backups of the panel. It connects to the database at its first use.
func (a *App) Keeper() (*backup.Keeper, error) {
	db, err := a.open()
	if err != nil {
		return nil, err
	}
	return keeper(a.Config, db), nil
}

func backups(k *backup.Keeper) httpapi.Backups {
	return httpapi.Backups{
		Save: func(ctx context.Context, by core.Actor) (string, int, error) {
			s, err := k.Save(ctx, by)
			return s.Path, s.Rows, err
		},
		Restore: func(ctx context.Context, by core.Actor, name string, replace bool) (int, time.Time, error) {
			b, err := k.Restore(ctx, by, name, replace)
			if err != nil {
				return 0, time.Time{}, err
			}
			return b.Rows, b.MadeAt, nil
		},
	}
}
