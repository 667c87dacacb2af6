package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"vpm/core"
	"vpm/core/systemd"
)

// Operation is what a request asks for.
type Operation string

// The operations. Undo and Finish are for an instance that is a copy of an existing site: Undo has the web server answer
// from the original again, Finish only marks that there is no way back.
const (
	Provision   Operation = "provision"
	Undo        Operation = "undo"
	Finish      Operation = "finish"
	Deprovision Operation = "deprovision"
	Limit       Operation = "limit" // sets PHP and Limits only
)

// Docroot is every instance's document root, below its directory. The directory above it is for the gate.
const Docroot = "web/htdocs"

const maxRequest = 64 << 10 // bytes

// PHP is what the instance's pool is like, see systemd.Pool.
type PHP struct {
	Manager          string `json:"manager"`
	MaxChildren      int64  `json:"max_children"`
	MemoryLimit      int64  `json:"memory_limit"`       // bytes
	MaxExecutionTime int64  `json:"max_execution_time"` // seconds
}

// Limits is what all processes of the instance may use together, see systemd.Limits.
type Limits struct {
	Memory int64 `json:"memory"` // bytes
	CPU    int64 `json:"cpu"`    // percent of one processor
	Tasks  int64 `json:"tasks"`
}

// Request is what the server asks of root, the content of SLUG.json.
type Request struct {
	Operation Operation `json:"operation"`
	Instance  string    `json:"instance"` // its id
	PHP       PHP       `json:"php,omitzero"`
	Limits    Limits    `json:"limits,omitzero"`

	// Serve has the web server send visitors here. Without it the instance is made, and whatever answers at its address
	// now goes on doing so.
	Serve   bool     `json:"serve,omitempty"`
	Path    string   `json:"path,omitempty"`    // where visitors find it: "/shop", or "/" for all of the host
	Host    string   `json:"host,omitempty"`    // the host whose configuration includes it, "" the one for all
	Uploads []string `json:"uploads,omitempty"` // below the document root: directories in which no PHP runs

	// CopyFrom is the document root of an existing site, "" for none. It is read and never written to.
	CopyFrom string `json:"copy_from,omitempty"`
	// Database makes the instance a database and an account that only its own user can be.
	Database bool `json:"database,omitempty"`
	// Delete has Deprovision delete files and database. They are kept otherwise.
	Delete bool `json:"delete,omitempty"`
}

// decode reads strictly: one object, known fields, each once.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows it")
		}
	}
	if err != nil {
		return core.Errorf(core.CodeInvalid, "cannot read the request: %w", err)
	}
	return nil
}

func (q Request) check(slug string) error {
	if err := errors.Join(systemd.CheckSlug(slug), core.CheckID(q.Instance)); err != nil {
		return err
	}
	switch q.Operation {
	case Undo, Finish, Deprovision:
		return nil
	case Provision, Limit:
	default:
		return core.Errorf(core.CodeInvalid, "cannot carry out %.40q", q.Operation)
	}
	_, pool := q.pool(slug, []string{"nobody"}).Render()
	_, limits := systemd.Limits(q.Limits).Render()
	err := errors.Join(pool, limits)
	if q.Serve {
		_, fragment := q.fragment(slug).Apache()
		err = errors.Join(err, fragment, checkHost(q.Host))
	}
	if len(q.Uploads) > 32 {
		err = errors.Join(err, core.Errorf(core.CodeInvalid, "cannot keep PHP out of more than 32 directories"))
	}
	if q.CopyFrom != "" {
		err = errors.Join(err, checkSource(q.CopyFrom))
	}
	return err
}

func (q Request) pool(slug string, listen []string) systemd.Pool {
	return systemd.Pool{Slug: slug, Docroot: Docroot, Listen: listen, Manager: q.PHP.Manager, MaxChildren: q.PHP.MaxChildren,
		MemoryLimit: q.PHP.MemoryLimit, MaxExecutionTime: q.PHP.MaxExecutionTime}
}

func (q Request) fragment(slug string) systemd.Fragment {
	return systemd.Fragment{Slug: slug, Path: q.Path, Docroot: Docroot, Uploads: q.Uploads, Timeout: q.PHP.MaxExecutionTime + 40}
}

// checkHost refuses what cannot be the name of a host's directory.
func checkHost(host string) error {
	ok := len(host) <= 253 && !strings.HasPrefix(host, ".") && !strings.Contains(host, "..")
	for _, c := range []byte(host) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.')
	}
	if !ok {
		return core.Errorf(core.CodeInvalid, "cannot use %.80q as the name of a host", host)
	}
	return nil
}

// checkSource refuses all but clean absolute paths without hidden names. It is only ever opened a name at a time, so it
// may have other letters than what is written into a configuration.
func checkSource(p string) error {
	ok := path.IsAbs(p) && path.Clean(p) == p && len(p) <= 1024 && utf8.ValidString(p) && !strings.Contains(p, "/.")
	for _, r := range p {
		ok = ok && r >= ' ' && r != 0x7f
	}
	if !ok {
		return core.Errorf(core.CodeInvalid, "cannot copy %.80q: it has to be an absolute path without hidden names", p)
	}
	return nil
}
