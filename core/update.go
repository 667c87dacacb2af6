package core

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// InstanceUpdate is what is to be changed of an instance; nil leaves a field as it is. Empty, or 0, takes a setting of
// the config away.
type InstanceUpdate struct {
	Name, Domain, PathPrefix, DatabaseName, DatabasePrefix *string
	MemoryLimit, Path, Docroot, URL                        *string
	HealthPath, HealthExpect, DiskAlert                    *string
	MovedFrom, MovedPath                                   *string
	MaxExecutionTime, MaxChildren                          *int
	// What all processes of an instance may use together: a size, percent of one processor, and processes and threads.
	TotalMemory          *string
	CPULimit, TasksLimit *int
}

// Update changes what is registered of an instance. A stopped one stays closed: its gate goes to where visitors enter
// from now on. Keys of the config that vpm does not know are kept.
func (m *Manager) Update(ctx context.Context, by Actor, id string, u InstanceUpdate) (Record, error) {
	res, err := m.change(ctx, by, id, ActionUpdate, "", false, func(r Record) (decision, error) {
		in, changed, err := u.apply(r.Instance)
		if err != nil || len(changed) == 0 {
			return decision{}, err
		}
		return decision{kind: ChangeUpdate, pid: PID{Virtual: r.Run.VirtualPID}, stop: r.Gate.Stop, instance: in,
			told: "changed " + strings.Join(changed, ", ")}, nil
	})
	if err != nil {
		return Record{}, err
	}
	return m.Store.Record(ctx, res.InstanceID)
}

// apply gives the instance as it is to be, and the names of what differs.
func (u InstanceUpdate) apply(in Instance) (Instance, []string, error) {
	before, was := in, keysOf(in.Config)
	config := maps.Clone(was)
	for _, f := range []struct {
		key   string
		value *string
	}{{"path", u.Path}, {"docroot", u.Docroot}, {"moved_from", u.MovedFrom}, {"moved_path", u.MovedPath}, {"url", u.URL}, {"health_path", u.HealthPath}, {"health_expect", u.HealthExpect},
		{"disk_alert", u.DiskAlert}, {"memory_limit", u.MemoryLimit}, {"total_memory", u.TotalMemory}} {
		if f.value != nil {
			if err := setKey(config, f.key, *f.value); err != nil {
				return in, nil, err
			}
		}
	}
	for key, value := range map[string]*int{"max_execution_time": u.MaxExecutionTime, "max_children": u.MaxChildren,
		"cpu_limit": u.CPULimit, "tasks_limit": u.TasksLimit} {
		if value != nil {
			if err := setKey(config, key, *value); err != nil {
				return in, nil, err
			}
		}
	}
	u.columns(&in)
	if !maps.EqualFunc(was, config, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		text, err := json.Marshal(config)
		if err != nil {
			return in, nil, err
		}
		in.Config = optional(string(text))
	}
	if u.MemoryLimit != nil {
		if err := u.limit(&in); err != nil {
			return in, nil, err
		}
	}
	return in, differences(before, in, was, config), u.check()
}

// keysOf reads a column that should hold a JSON object. What holds none sets nothing, and is replaced with the first
// setting.
func keysOf(column *string) map[string]json.RawMessage {
	var keys map[string]json.RawMessage
	if column == nil || json.Unmarshal([]byte(*column), &keys) != nil || keys == nil { // nil: "null" is JSON too
		return map[string]json.RawMessage{}
	}
	return keys
}

// setKey sets a key, or deletes it for an empty value.
func setKey[T comparable](keys map[string]json.RawMessage, key string, value T) error {
	var empty T
	if value == empty {
		delete(keys, key)
		return nil
	}
	text, err := json.Marshal(value)
	keys[key] = text
	return err
}

// limit writes the memory limit where other programs read it, beside what they have there.
func (u InstanceUpdate) limit(in *Instance) error {
	limit, err := parseMemory(*u.MemoryLimit)
	if err != nil {
		return err
	}
	resources := keysOf(in.Resources)
	if err := setKey(resources, "memory_limit", limit.megabytes); err != nil {
		return err
	}
	text, err := json.Marshal(resources)
	in.Resources = optional(string(text))
	return err
}

func (u InstanceUpdate) columns(in *Instance) {
	if u.Name != nil {
		in.Name = *u.Name
	}
	if u.Domain != nil {
		in.Domain = optional(*u.Domain)
	}
	if u.PathPrefix != nil {
		in.PathPrefix = u.PathPrefix
	}
	if u.DatabaseName != nil {
		in.DatabaseName = *u.DatabaseName
	}
	if u.DatabasePrefix != nil {
		in.DatabasePrefix = u.DatabasePrefix
	}
}

// check holds what is given to the rules of a new instance; what other programs wrote before is left alone.
func (u InstanceUpdate) check() error {
	n := NewInstance{Name: "kept", DatabaseName: "kept", Domain: text(u.Domain), PathPrefix: text(u.PathPrefix),
		DatabasePrefix: text(u.DatabasePrefix), Path: text(u.Path), Docroot: text(u.Docroot), URL: text(u.URL)}
	if u.Name != nil {
		n.Name = *u.Name
	}
	if u.DatabaseName != nil {
		n.DatabaseName = *u.DatabaseName
	}
	if u.MaxExecutionTime != nil {
		n.MaxExecutionTime = *u.MaxExecutionTime
	}
	if u.MaxChildren != nil {
		n.MaxChildren = *u.MaxChildren
	}
	if err := n.checkFields(); err != nil {
		return err
	}
	if p := text(u.HealthPath); p != "" && (!strings.HasPrefix(p, "/") || len(p) > 1000 || strings.ContainsFunc(p, isControl) || strings.ContainsAny(p, " #")) {
		return Errorf(CodeInvalid, "cannot use field 'health_path': it must be a path of the site as /status/")
	}
	if e := text(u.HealthExpect); utf8.RuneCountInString(e) > 200 || strings.ContainsFunc(e, isControl) {
		return Errorf(CodeInvalid, "cannot use field 'health_expect': it must be a text of up to 200 characters")
	}
	if s := text(u.TotalMemory); s != "" {
		if n, err := ParseSize(s); err != nil || n < 32<<20 || n > 1<<40 {
			return Errorf(CodeInvalid, "cannot use field 'total_memory': it must be a size as 512M or 2G, 32M at least")
		}
	}
	if n := u.CPULimit; n != nil && *n != 0 && (*n < 1 || *n > 12800) {
		return Errorf(CodeInvalid, "cannot use field 'cpu_limit': it must be 1 to 12800 percent of one processor")
	}
	if n := u.TasksLimit; n != nil && *n != 0 && (*n < 4 || *n > 4096) {
		return Errorf(CodeInvalid, "cannot use field 'tasks_limit': it must be 4 to 4096 processes and threads")
	}
	if d := text(u.DiskAlert); d != "" {
		if _, err := ParseSize(d); err != nil {
			return Errorf(CodeInvalid, "cannot use field 'disk_alert': it must be a size as 500M or 20G")
		}
	}
	return nil
}

func differences(a, b Instance, was, is map[string]json.RawMessage) []string {
	var names []string
	for name, differs := range map[string]bool{"name": a.Name != b.Name, "domain": text(a.Domain) != text(b.Domain),
		"path_prefix": text(a.PathPrefix) != text(b.PathPrefix), "database_name": a.DatabaseName != b.DatabaseName,
		"database_prefix": text(a.DatabasePrefix) != text(b.DatabasePrefix)} {
		if differs {
			names = append(names, name)
		}
	}
	for key := range is {
		if string(was[key]) != string(is[key]) {
			names = append(names, key)
		}
	}
	for key := range was {
		if _, there := is[key]; !there {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	return names
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
