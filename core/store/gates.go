package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vpm/core"
)

const gateColumns = `g.generation, g.applied, g.reason, g.until_at, g.include_nested, g.entry, g.observed, g.how, g.seen, g.observed_at`

// readGate reads what is stored of an instance's gate, in a transaction that has locked the instance.
func readGate(ctx context.Context, tx execer, r core.Record) (core.Gate, error) {
	var g gateRow
	err := tx.QueryRowContext(ctx, "SELECT "+gateColumns+" FROM vpm_gates g WHERE g.instance_row = ?", r.Instance.ID).Scan(g.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return g.gate(), err
}

// gateRow scans the columns of vpm_gates, all NULL where an instance was never stopped.
type gateRow struct {
	generation, applied, until, nested, observedAt sql.NullInt64
	reason, entry, observed, how, seen             sql.NullString
}

func (g *gateRow) dest() []any {
	return []any{&g.generation, &g.applied, &g.reason, &g.until, &g.nested, &g.entry, &g.observed, &g.how, &g.seen, &g.observedAt}
}

func (g *gateRow) gate() core.Gate {
	out := core.Gate{Generation: g.generation.Int64, Applied: g.applied.Int64, Entry: g.entry.String,
		Stop: core.Stop{Reason: g.reason.String, IncludeNested: g.nested.Int64 != 0}}
	if g.until.Valid {
		out.Until = time.Unix(g.until.Int64, 0)
	}
	if g.observedAt.Valid {
		out.Evidence = core.Evidence{Observed: core.Observed(g.observed.String), How: g.how.String, Seen: g.seen.String,
			At: time.UnixMicro(g.observedAt.Int64)}
	}
	return out
}

// nextGate stores what is wanted from now on, as a generation that is still to be carried out. The whole row is
// written: the caller has read it under the lock.
func nextGate(ctx context.Context, tx execer, r core.Record, stop core.Stop) error {
	g, e := r.Gate, r.Gate.Evidence
	_, err := tx.ExecContext(ctx, `REPLACE INTO vpm_gates (instance_row, generation, applied, reason, until_at, include_nested, entry, observed, how, seen, observed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.Instance.ID, g.Generation+1, g.Applied, orNull(stop.Reason), unixOrNull(stop.Until),
		stop.IncludeNested, orNull(g.Entry), orNull(string(e.Observed)), orNull(e.How), orNull(e.Seen), microOrNull(e.At))
	return err
}

// SaveGate stores what came of carrying out a generation.
func (db *DB) SaveGate(ctx context.Context, in core.Instance, generation int64, done bool, entry string, e core.Evidence) error {
	applied := generation - 1
	if done {
		applied = generation
	}
	_, err := db.exec(ctx, `UPDATE vpm_gates SET applied = ?, entry = ?, observed = ?, how = ?, seen = ?, observed_at = ?
		WHERE instance_row = ? AND generation = ?`, applied, orNull(entry), orNull(string(e.Observed)), orNull(e.How),
		orNull(cutText(e.Seen, 500)), microOrNull(e.At), in.ID, generation)
	return db.wrap(err, "cannot store what was observed")
}

func cutText(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func unixOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}

func microOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}
