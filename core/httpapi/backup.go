package httpapi

import (
	"context"
	"fmt"
	"time"

	"vpm/core"
)

// Backups keep the panel's own state in files of the data directory, and bring it back.
type Backups struct {
	Save    func(ctx context.Context, by core.Actor) (file string, rows int, err error)
	Restore func(ctx context.Context, by core.Actor, name string, replace bool) (rows int, madeAt time.Time, err error)
}

func (a *API) backup(c *call) (any, error) {
	file, rows, err := c.backend.Backups.Save(c.Context(), c.actor())
	if err != nil {
		return nil, err
	}
	return struct {
		messageAnswer
		File string `json:"file"`
		Rows int    `json:"rows"`
	}{messageAnswer{true, "Backup made; keep it as safe as a password"}, file, rows}, nil
}

func (a *API) restore(c *call) (any, error) {
	var in struct {
		File    string `json:"file" schema:"file"`
		Replace bool   `json:"replace" schema:"replace"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if !in.Replace { // whoever may call this is a user of the panel, so there is something to replace
		return nil, core.Errorf(core.CodeConflict, "cannot restore without 'replace': all that the panel has now, its users among it, gives way to the backup")
	}
	rows, madeAt, err := c.backend.Backups.Restore(c.Context(), c.actor(), in.File, true)
	if err != nil {
		return nil, err
	}
	return struct {
		messageAnswer
		Rows   int       `json:"rows"`
		MadeAt time.Time `json:"made_at"`
	}{messageAnswer{true, fmt.Sprintf("Restored as of %s; log in as one of its users", madeAt.Format(time.DateTime+" MST"))}, rows, madeAt}, nil
}
