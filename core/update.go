package core

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// InstanceUpdate is what is to be changed of an instance; nil leaves a field as it is.
type InstanceUpdate struct {
	Name, Domain, PathPrefix, DatabaseName, DatabasePrefix *string
	MemoryLimit, Path, Docroot, URL                        *string
	HealthPath, HealthExpect, DiskAlert                    *string
	MovedFrom                                              *string
	MaxExecutionTime, MaxChildren                          *int
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
	config := map[string]json.RawMessage{}
	if in.Config != nil {
		// What holds no object sets nothing, and is replaced with the first setting.
		if json.Unmarshal([]byte(*in.Config), &config) != nil {
			config = map[string]json.RawMessage{}
		}
	}
	was, before := maps.Clone(config), in
	put := func(key string, value any) error {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		config[key] = text
		return nil
	}
	for _, f := range []struct {
		key   string
		value *string
	}{{"path", u.Path}, {"docroot", u.Docroot}, {"moved_from", u.MovedFrom}, {"url", u.URL}, {"health_path", u.HealthPath}, {"health_expect", u.HealthExpect},
		{"disk_alert", u.DiskAlert}, {"memory_limit", u.MemoryLimit}} {
		switch {
		case f.value == nil:
		case *f.value == "":
			delete(config, f.key)
		default:
			if err := put(f.key, *f.value); err != nil {
				return in, nil, err
			}
		}
	}
	for key, value := range map[string]*int{"max_execution_time": u.MaxExecutionTime, "max_children": u.MaxChildren} {
		if value != nil {
			if err := put(key, *value); err != nil {
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
	if u.MemoryLimit != nil && *u.MemoryLimit != "" {
		limit, err := parseMemory(*u.MemoryLimit)
		if err != nil {
			return in, nil, err
		}
		in.Resources = optional(limit.resources())
	}
	return in, differences(before, in, was, config), u.check(in)
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
func (u InstanceUpdate) check(in Instance) error {
	n := NewInstance{Name: in.Name, DatabaseName: in.DatabaseName, Domain: text(u.Domain), PathPrefix: text(u.PathPrefix),
		DatabasePrefix: text(u.DatabasePrefix), Path: text(u.Path), Docroot: text(u.Docroot), URL: text(u.URL)}
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
	if e := text(u.HealthExpect); len(e) > 200 || strings.ContainsFunc(e, isControl) {
		return Errorf(CodeInvalid, "cannot use field 'health_expect': it must be a text of up to 200 characters")
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
