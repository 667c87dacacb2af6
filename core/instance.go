package core

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// Timestamp is a moment as the contract writes it, "YYYY-MM-DD HH:MM:SS" in the session time zone of the
// database (UTC in the embedded one). Empty means that it never happened and is null in JSON.
type Timestamp string

// MarshalJSON writes null for the empty Timestamp.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Scan reads a column of the database; see database/sql.Scanner.
func (t *Timestamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*t = ""
	case string:
		*t = Timestamp(v)
	case []byte:
		*t = Timestamp(v)
	default:
		return fmt.Errorf("cannot read a %T as a timestamp", v)
	}
	return nil
}

// InstanceStatus is the status column of an instance, what people asked for as the database has it.
type InstanceStatus string

// The values of the contract. Starting sets active, stopping sets inactive; the other two are written by
// other programs only.
const (
	StatusActive      InstanceStatus = "active"
	StatusInactive    InstanceStatus = "inactive"
	StatusMaintenance InstanceStatus = "maintenance"
	StatusError       InstanceStatus = "error"
)

// CMSTypes are the kinds of site the contract knows; native is anything that is none of the others.
var CMSTypes = []string{"wordpress", "joomla", "drupal", "native"}

// Instance is one site. Fields and JSON names are those of the table instances; nil means NULL.
type Instance struct {
	ID             int64          `json:"id"`
	InstanceID     string         `json:"instance_id"`
	Name           string         `json:"instance_name"`
	CMSType        string         `json:"cms_type"`
	CMSVersion     *string        `json:"cms_version"`
	Domain         *string        `json:"domain"`
	PathPrefix     *string        `json:"path_prefix"`
	DatabaseName   string         `json:"database_name"`
	DatabasePrefix *string        `json:"database_prefix"`
	Status         InstanceStatus `json:"status"`
	Config         *string        `json:"config"`    // a JSON object as text, though others may have stored anything
	Resources      *string        `json:"resources"` // likewise
	CreatedAt      Timestamp      `json:"created_at"`
	UpdatedAt      Timestamp      `json:"updated_at"`
	ActivatedAt    Timestamp      `json:"activated_at"`
}

// settings are the keys of Instance.Config that vpm reads.
type settings struct {
	Path    string `json:"path,omitempty"`
	URL     string `json:"url,omitempty"`
	Docroot string `json:"docroot,omitempty"`

	MovedFrom string `json:"moved_from,omitempty"`
	MovedPath string `json:"moved_path,omitempty"`

	HealthPath   string `json:"health_path,omitempty"`
	HealthExpect string `json:"health_expect,omitempty"`
	DiskAlert    string `json:"disk_alert,omitempty"`
}

func (in Instance) settings() settings {
	var s settings
	if in.Config != nil {
		// A column that holds something else than an object, or a path that is no string, sets nothing.
		if json.Unmarshal([]byte(*in.Config), &s) != nil {
			return settings{}
		}
	}
	return s
}

// Path is the instance's directory: "path" of its config where that is absolute, else base/instance_id.
func (in Instance) Path(base string) string {
	if p := in.settings().Path; filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(base, in.InstanceID)
}

// Docroot is where the instance's requests enter: "docroot" of its config where that is absolute, else its
// directory.
func (in Instance) Docroot(base string) string {
	if d := in.settings().Docroot; filepath.IsAbs(d) {
		return filepath.Clean(d)
	}
	return in.Path(base)
}

// HasDocroot tells whether the config says where requests enter.
func (in Instance) HasDocroot() bool { return filepath.IsAbs(in.settings().Docroot) }

// URL is where visitors reach the instance: "url" of its config, else http://domain + path prefix, else "".
func (in Instance) URL() string {
	if u := in.settings().URL; u != "" {
		return u
	}
	if in.Domain == nil || *in.Domain == "" {
		return ""
	}
	prefix := "/"
	if in.PathPrefix != nil && *in.PathPrefix != "" {
		prefix = "/" + strings.TrimLeft(*in.PathPrefix, "/")
	}
	return "http://" + *in.Domain + prefix
}

// MovedFrom is the directory that the instance was copied from when it was given a process of its own, "" where that is
// over or never was.
func (in Instance) MovedFrom() string { return in.settings().MovedFrom }

// MovedPath is the instance's directory of before that, where MovedFrom is a document root of its own; else "".
func (in Instance) MovedPath() string { return in.settings().MovedPath }

// HealthPage is the URL path that the health check asks for ("health_path" of the config, "" the front page), and a text
// that must be on it ("health_expect").
func (in Instance) HealthPage() (path, expect string) {
	s := in.settings()
	return s.HealthPath, s.HealthExpect
}

// DiskAlert is the size in bytes past which people are told: "disk_alert" of the config, as 20G, else usual.
func (in Instance) DiskAlert(usual int64) int64 {
	if n, err := ParseSize(in.settings().DiskAlert); err == nil {
		return n
	}
	return usual
}

// CheckID tells whether id can name an existing instance: 1 to 64 letters, digits, "-" and "_", which is
// what a directory name, a URL and a unit name can all carry. It is wider than what Create accepts, because
// rows written by other programs must still work.
func CheckID(id string) error {
	if id == "" {
		return Errorf(CodeInvalid, "instance_id required")
	}
	if len(id) > 64 {
		return Errorf(CodeInvalid, "cannot use this instance_id: it is longer than 64 characters")
	}
	for _, c := range []byte(id) {
		if !isAlnum(c) && c != '-' && c != '_' {
			return Errorf(CodeInvalid, "cannot use this instance_id: only letters, digits, - and _ are allowed")
		}
	}
	return nil
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
