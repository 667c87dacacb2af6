package store

import (
	"context"
	"time"

	"vpm/core"
)

// Active notes that the instance was changed by its users. A time still to come, which a file may well have, says nothing.
// updated_at is named because MySQL would set it.
func (db *DB) Active(ctx context.Context, in core.Instance, at time.Time) error {
	moment, seconds := db.at, at.Unix()
	_, err := db.execLazily(ctx, `UPDATE virtual_processes SET last_activity = `+moment+`, updated_at = updated_at
		WHERE instance_id = ? AND (last_activity IS NULL OR last_activity < `+moment+`) AND `+moment+` <= CURRENT_TIMESTAMP`,
		seconds, in.InstanceID, seconds, seconds)
	return db.wrap(err, "cannot note the activity")
}
