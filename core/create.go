package core

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// NewInstance is what people give to register a site. Empty optional fields take the defaults in brackets.
type NewInstance struct {
	InstanceID       string
	Name             string
	CMSType          string
	CMSVersion       string // optional: not known
	Domain           string // optional: none
	PathPrefix       string // optional: /
	DatabaseName     string
	DatabasePrefix   string // optional: none
	MemoryLimit      string // optional: 256M
	MaxExecutionTime int    // seconds; 0: 60
	MaxChildren      int    // 0: 5
	Path             string // optional: the directory of that id in the base
	Docroot          string // optional, where requests enter: Path
	URL              string // optional: from domain and path prefix
}

// idPattern is the contract's rule for new ids. Compiled at first use: a start has no need of it.
var idPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]$`)
})

// Create registers a site that is there and serves visitors, so it starts as active with a first run. Nothing
// is created or changed on disk or in the site's database.
func (m *Manager) Create(ctx context.Context, by Actor, n NewInstance) (Record, error) {
	in, err := n.instance()
	if err != nil {
		return Record{}, err
	}
	pid, err := m.Runtime.Start(ctx, in)
	if err != nil {
		return Record{}, err
	}
	run := Run{VirtualPID: pid.Virtual, Status: RunRunning}
	ev := Event{At: m.Now(), InstanceID: in.InstanceID, Action: ActionCreate, Actor: by, Result: ResultOK, PID: pid.Virtual}
	if err := m.Store.CreateInstance(ctx, in, run, ev); err != nil {
		return Record{}, err
	}
	return m.Store.Record(ctx, in.InstanceID)
}

func (n NewInstance) instance() (Instance, error) {
	if err := n.check(); err != nil {
		return Instance{}, err
	}
	memory, err := parseMemory(n.MemoryLimit)
	if err != nil {
		return Instance{}, err
	}
	if n.PathPrefix == "" {
		n.PathPrefix = "/"
	}
	config, err := json.Marshal(struct {
		MemoryLimit      string `json:"memory_limit"`
		MaxExecutionTime int    `json:"max_execution_time"`
		MaxChildren      int    `json:"max_children"`
		settings
	}{memory.text, orDefault(n.MaxExecutionTime, 60), orDefault(n.MaxChildren, 5), settings{Path: n.Path, URL: n.URL, Docroot: n.Docroot}})
	if err != nil {
		return Instance{}, err
	}
	resources := memory.resources()
	return Instance{
		InstanceID: n.InstanceID, Name: n.Name, CMSType: n.CMSType, CMSVersion: optional(n.CMSVersion), Domain: optional(n.Domain),
		PathPrefix: &n.PathPrefix, DatabaseName: n.DatabaseName, DatabasePrefix: &n.DatabasePrefix,
		Status: StatusActive, Config: optional(string(config)), Resources: &resources,
	}, nil
}

func (n NewInstance) check() error {
	switch {
	case strings.TrimSpace(n.InstanceID) == "":
		return Errorf(CodeInvalid, "Field 'instance_id' is required")
	case strings.TrimSpace(n.Name) != "" && strings.TrimSpace(n.CMSType) == "":
		return Errorf(CodeInvalid, "Field 'cms_type' is required")
	}
	if err := n.checkFields(); err != nil {
		return err
	}
	switch {
	case !idPattern().MatchString(n.InstanceID):
		return Errorf(CodeInvalid, "cannot use this instance_id: it must be 3 to 50 of a-z, 0-9 and -, with no - at either end")
	case !slices.Contains(CMSTypes, n.CMSType):
		return Errorf(CodeInvalid, "cannot use this cms_type: it must be one of %s", strings.Join(CMSTypes, ", "))
	}
	return nil
}

// checkFields checks what may also be changed later.
func (n NewInstance) checkFields() error {
	for _, f := range []struct {
		name, value string
		required    bool
		max         int
	}{
		{"instance_name", n.Name, true, 255},
		{"cms_version", n.CMSVersion, false, 50},
		{"database_name", n.DatabaseName, true, 64},
		{"domain", n.Domain, false, 255},
		{"path_prefix", n.PathPrefix, false, 100},
		{"database_prefix", n.DatabasePrefix, false, 20},
		{"path", n.Path, false, 1000},
		{"docroot", n.Docroot, false, 1000},
		{"url", n.URL, false, 1000},
	} {
		switch {
		case f.required && strings.TrimSpace(f.value) == "":
			return Errorf(CodeInvalid, "Field '%s' is required", f.name)
		case utf8.RuneCountInString(f.value) > f.max:
			return Errorf(CodeInvalid, "cannot use field '%s': it is longer than %d characters", f.name, f.max)
		case strings.ContainsFunc(f.value, isControl):
			return Errorf(CodeInvalid, "cannot use field '%s': it has control characters", f.name)
		}
	}
	switch {
	case strings.ContainsAny(n.Domain, "/ \\@?#"):
		return Errorf(CodeInvalid, "cannot use field 'domain': it must be a host name, with a port where needed")
	case strings.ContainsAny(n.PathPrefix, " \\?#<>\"'") || strings.Contains(n.PathPrefix, ".."):
		return Errorf(CodeInvalid, "cannot use field 'path_prefix': it must be a path as /blog/")
	case n.Path != "" && !filepath.IsAbs(n.Path) || n.Docroot != "" && !filepath.IsAbs(n.Docroot):
		return Errorf(CodeInvalid, "cannot use this path or docroot: it must be an absolute path of the server")
	case n.URL != "" && !isWebAddress(n.URL):
		return Errorf(CodeInvalid, "cannot use field 'url': it must be an address as https://example.org/blog/")
	case n.MaxExecutionTime < 0 || n.MaxExecutionTime > 86400:
		return Errorf(CodeInvalid, "cannot use field 'max_execution_time': it must be 1 to 86400 seconds")
	case n.MaxChildren < 0 || n.MaxChildren > 1000:
		return Errorf(CodeInvalid, "cannot use field 'max_children': it must be 1 to 1000")
	}
	return nil
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }

type memoryLimit struct {
	text      string
	megabytes uint64
}

// resources is the limit as the column resources has it.
func (l memoryLimit) resources() string { return fmt.Sprintf(`{"memory_limit":%d}`, l.megabytes) }

// parseMemory reads a limit; none is PHP's usual one.
func parseMemory(s string) (memoryLimit, error) {
	if s == "" {
		s = "256M"
	}
	n, err := ParseSize(s)
	if err != nil || n == 0 {
		return memoryLimit{}, Errorf(CodeInvalid, "cannot use field 'memory_limit': it must be a number of bytes, or one followed by K, M or G, as 256M")
	}
	return memoryLimit{text: s, megabytes: max(uint64(n)>>20, 1)}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}
