package usage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"vpm/core"
)

// Meter measures instances.
type Meter struct {
	// Base is where the directories of instances lie; see core.Instance.Path.
	Base string
	// MaxEntries is the most entries a measurement looks at; 0: as many as there is time for.
	MaxEntries int
	// Tables gives the bytes and the number of a site's tables, and how they were found: "read by …".
	Tables func(ctx context.Context, in core.Instance) (size, tables int64, how string, err error)
	// Nested gives the directories of other instances, of which some may lie below that of in; nil: there are none.
	Nested func(ctx context.Context, in core.Instance) []string
	// CMS tells what the files in a document root are; nil: it is not known.
	CMS func(docroot string) core.CMS
}

// Measure measures one instance until ctx ends, and goes on where the measurement stopped that gave from; nil: it
// begins anew. The position is where the next one goes on, nil where the walk is complete. What could not be seen
// is 0 and its evidence says so. Memory and queries are the contract's estimates for virtual mode: twice the size of the database, and ten
// statements a table.
func (m *Meter) Measure(ctx context.Context, in core.Instance, from []byte) (u core.Usage, position []byte) {
	m.database(ctx, in, &u)
	u.CMS = m.cms(ctx, in)
	// Last, with what is left of the time: the others answer at once or not at all.
	position = m.disk(ctx, in, from, &u)
	return u, position
}

func (m *Meter) database(ctx context.Context, in core.Instance, u *core.Usage) {
	size, tables, how, err := m.Tables(ctx, in)
	if err != nil {
		why := "unknown: " + reason(err)
		u.Evidence.Database, u.Evidence.Memory, u.Evidence.Queries = why, why, why
		return
	}
	u.DatabaseSize, u.DatabaseTables = size, tables
	u.Evidence.Database = "estimated: " + strings.TrimPrefix(how, "estimated ")
	u.Memory, u.Evidence.Memory = size*2, "estimated: twice the size of the database"
	u.Queries, u.Evidence.Queries = tables*10, "estimated: ten for each table"
}

func (m *Meter) disk(ctx context.Context, in core.Instance, from []byte, u *core.Usage) (position []byte) {
	tree := Tree{Root: in.Path(m.Base), MaxEntries: m.MaxEntries, From: from}
	if m.Nested != nil {
		tree.Skip = m.Nested(ctx, in)
	}
	d, err := Walk(ctx, tree)
	switch {
	case errors.Is(err, errNoTime):
		u.Evidence.Disk = "unknown: the time for it was over"
		return append([]byte{}, d.Position...) // not nil: also at its beginning the walk is still to be made
	case errors.Is(err, fs.ErrNotExist):
		u.Evidence.Disk = "unknown: the directory of the instance does not exist"
		return nil
	case err != nil:
		u.Evidence.Disk = "unknown: the directory of the instance cannot be read"
		return nil
	}
	u.DiskUsage, u.DiskAllocated, u.Files, u.ChangedAt = d.Bytes, d.Allocated, d.Files, d.ChangedAt
	u.Evidence.Disk = evidence(d)
	return d.Position
}

// cms asks what the files are, which may lie on a file server that does not answer.
func (m *Meter) cms(ctx context.Context, in core.Instance) core.CMS {
	if m.CMS == nil || tooManyStuck() {
		return core.CMS{}
	}
	found := make(chan core.CMS, 1)
	go func() { found <- m.CMS(in.Docroot(m.Base)) }()
	select {
	case cms := <-found:
		return cms
	case <-ctx.Done():
		stuck.Add(1)
		go func() {
			<-found
			stuck.Add(-1)
		}()
		return core.CMS{}
	}
}

// evidence says what is missing in d.
func evidence(d Disk) string {
	var missing []string
	if !d.Complete {
		missing = append(missing, fmt.Sprintf("the walk goes on at the next pass; %d entries so far", d.Files))
	}
	switch d.Unreadable {
	case 0:
	case 1:
		missing = append(missing, "1 directory could not be read")
	default:
		missing = append(missing, fmt.Sprintf("%d directories could not be read", d.Unreadable))
	}
	if missing == nil {
		return "measured"
	}
	return "partial: " + strings.Join(missing, "; ")
}

// reason gives the part of an error that people may see.
func reason(err error) string {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e.Message
	}
	return "the measurement failed"
}
