package provision

import (
	"encoding/json"
	"slices"
	"time"

	"vpm/core"
)

// State is how far a run has come.
type State string

// The states of a run.
const (
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed" // and everything is as it was before, unless the warnings say otherwise
)

// Result is what root tells of a run, the content of SLUG.json in the directory of results. While the run goes on it is
// written anew after every step, and while it copies about once a second.
type Result struct {
	Slug      string    `json:"slug"`
	Instance  string    `json:"instance,omitempty"`
	Operation Operation `json:"operation"`
	Request   string    `json:"request"` // the SHA-256 of the request, in hex: which one this is the answer to
	State     State     `json:"state"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Steps     []Step    `json:"steps"`

	User     string   `json:"user,omitempty"`
	UID      int      `json:"uid,omitempty"`
	Docroot  string   `json:"docroot,omitempty"`
	Database string   `json:"database,omitempty"` // that was made, and whose account is User by unix socket
	Servers  []string `json:"servers,omitempty"`  // the web servers that serve it: "apache", "nginx"

	Copy     Progress  `json:"copy,omitzero"`
	Skipped  []Skipped `json:"skipped,omitempty"`  // what was not copied
	Carried  []Line    `json:"carried,omitempty"`  // lines of .htaccess files that hold on
	LeftOut  []Line    `json:"left_out,omitempty"` // those that do not
	Warnings []string  `json:"warnings,omitempty"`
	Error    *Failure  `json:"error,omitempty"`
}

// Step is one that was done, and how long it took.
type Step struct {
	Name string        `json:"name"`
	Took time.Duration `json:"took_ns"`
}

// Progress is how much of a site has been copied. Totals are of the first look.
type Progress struct {
	Files      int64         `json:"files"`
	Bytes      int64         `json:"bytes"`
	TotalFiles int64         `json:"total_files"`
	TotalBytes int64         `json:"total_bytes"`
	Reflinks   int64         `json:"reflinks"` // files that share their blocks with the original
	Passes     int           `json:"passes"`   // the last one found nothing changed, unless there is a warning
	Took       time.Duration `json:"took_ns"`
}

// Skipped is a file that was not copied.
type Skipped struct {
	Path string `json:"path"` // below the document root
	Why  string `json:"why"`
}

// Line is one of a .htaccess file.
type Line struct {
	File string `json:"file"` // below the document root
	Line int    `json:"line"` // from 1
	Text string `json:"text"`
	Why  string `json:"why,omitempty"`
}

// Failure is the error of a run, for people.
type Failure struct {
	Code    core.Code `json:"code"`
	Message string    `json:"message"`
}

const maxListed = 500 // of each list in a result

const moreSkipped = "more was not copied than is listed"

func (r *Result) warn(text string) {
	if len(r.Warnings) < maxListed {
		r.Warnings = append(r.Warnings, text)
	}
}

func (r *Result) skip(path, why string) {
	if len(r.Skipped) < maxListed {
		r.Skipped = append(r.Skipped, Skipped{path, why})
	} else if !slices.Contains(r.Warnings, moreSkipped) {
		r.warn(moreSkipped)
	}
}

func (r *Result) text() []byte {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil { // of strings, numbers and times within the years of the calendar
		panic(err)
	}
	return append(text, '\n')
}
