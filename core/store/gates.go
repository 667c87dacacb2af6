package store

import (
	"context"
	"database/sql"
	"time"

	"vpm/core"
)

const gateColumns = `g.generation, g.applied, g.reason, g.until_at, g.include_nested, g.bypass, g.bypass_until,
	g.entry, g.observed, g.how, g.seen, g.observed_at`

const gateTable = ` LEFT JOIN vpm_gates g ON g.instance_row = i.id`

// gateRow scans the columns of vpm_gates, all NULL where an instance was never stopped.
type gateRow struct {
	generation, applied, until, nested, bypassUntil, observedAt number
	reason, bypass, entry, observed, how, seen                  word
}

func (g *gateRow) dest() []any {
	return []any{&g.generation, &g.applied, &g.reason, &g.until, &g.nested, &g.bypass, &g.bypassUntil,
		&g.entry, &g.observed, &g.how, &g.seen, &g.observedAt}
}

func (g *gateRow) gate() core.Gate {
	out := core.Gate{Generation: g.generation.Int64, Applied: g.applied.Int64, Entry: g.entry.String,
		Stop:   core.Stop{Reason: g.reason.String, IncludeNested: g.nested.Int64 != 0, Until: g.until.seconds()},
		Bypass: g.bypass.String, BypassUntil: g.bypassUntil.seconds()}
	if g.observedAt.Valid {
		out.Evidence = core.Evidence{Observed: core.Observed(g.observed.String), How: g.how.String, Seen: g.seen.String,
			At: g.observedAt.micros()}
	}
	return out
}

// gateSets store what is wanted from now on, as a generation that is still to be carried out.
func gateSets(c core.Change) []set {
	// What was seen before says nothing of the new generation.
	sets := []set{{column: "generation", value: "generation + 1"}, {column: "observed", value: "NULL"}, {column: "how", value: "NULL"},
		{column: "seen", value: "NULL"}, {column: "observed_at", value: "NULL"}}
	if c.Kind == core.ChangeStart || c.Kind == core.ChangeStop {
		sets = append(sets, set{"reason", "?", []any{orNull(c.Stop.Reason)}}, set{"until_at", "?", []any{unixOrNull(c.Stop.Until)}},
			set{"include_nested", "?", []any{c.Stop.IncludeNested}})
	}
	switch c.Kind {
	case core.ChangeStart:
		sets = append(sets, set{column: "bypass", value: "NULL"}, set{column: "bypass_until", value: "NULL"})
	case core.ChangeBypass:
		sets = append(sets, set{"bypass", "?", []any{orNull(c.Bypass)}}, set{"bypass_until", "?", []any{unixOrNull(c.BypassUntil)}})
	}
	return sets
}

func insertGate(ctx context.Context, ex execer, row int64) error {
	_, err := ex.ExecContext(ctx, `INSERT INTO vpm_gates (instance_row, generation, applied) VALUES (?, 0, 0)`, row)
	return err
}

// addGate gives an instance its row; another process may have been first.
func (db *DB) addGate(ctx context.Context, row int64) error {
	err := insertGate(ctx, db.sql, row)
	if err != nil && db.meaning(err) == failDuplicate {
		return nil
	}
	return err
}

// SaveGate stores what came of carrying out a generation. Where power fails before it is on disk the generation is
// still to be carried out, and the next look does that again and finds nothing to do.
func (db *DB) SaveGate(ctx context.Context, in core.Instance, generation int64, done bool, entry string, e core.Evidence) error {
	applied := generation - 1
	if done {
		applied = generation
	}
	_, err := db.execLazily(ctx, `UPDATE vpm_gates SET applied = ?, entry = ?, observed = ?, how = ?, seen = ?, observed_at = ?
		WHERE instance_row = ? AND generation = ?`, applied, orNull(entry), orNull(string(e.Observed)), orNull(e.How),
		orNull(core.Cut(e.Seen, 500)), microOrNull(e.At), in.ID, generation)
	return db.wrap(err, "cannot store what was observed")
}

func unixOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}

func microOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}
