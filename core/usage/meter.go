package usage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"vpm/core"
)

// Meter measures instances.
type Meter struct {
	// Base is where the directories of instances lie; see core.Instance.Path.
	Base string
	// Tables gives the bytes and the number of a site's tables.
	Tables func(ctx context.Context, database, prefix string) (size, tables int64, err error)
}

// Measure measures one instance until ctx ends. What could not be seen is 0 and its evidence says so.
// Memory and queries are the contract's estimates for virtual mode: twice the size of the database, and ten
// statements a table.
func (m *Meter) Measure(ctx context.Context, in core.Instance) (u core.Usage) {
	// Last, with what is left of the time: the database answers at once or not at all.
	defer func() { u.DiskUsage, u.Evidence.Disk = m.disk(ctx, in) }()
	prefix := ""
	if in.DatabasePrefix != nil {
		prefix = *in.DatabasePrefix
	}
	size, tables, err := m.Tables(ctx, in.DatabaseName, prefix)
	if err != nil {
		why := "unknown: " + reason(err)
		u.Evidence.Database, u.Evidence.Memory, u.Evidence.Queries = why, why, why
		return u
	}
	u.DatabaseSize, u.Evidence.Database = size, "measured"
	u.Memory, u.Evidence.Memory = size*2, "estimated: twice the size of the database"
	u.Queries, u.Evidence.Queries = tables*10, "estimated: ten for each table"
	return u
}

func (m *Meter) disk(ctx context.Context, in core.Instance) (int64, string) {
	d, err := MeasureDisk(ctx, in.Path(m.Base))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, "unknown: the directory of the instance does not exist"
	case err != nil:
		return 0, "unknown: the directory of the instance cannot be read"
	case d.Unreadable > 0:
		return d.Bytes, fmt.Sprintf("partial: %d entries could not be read", d.Unreadable)
	case !d.Complete:
		return d.Bytes, "partial: the time for it was over"
	}
	return d.Bytes, "measured"
}

// reason gives the part of an error that people may see.
func reason(err error) string {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e.Message
	}
	return "the measurement failed"
}
