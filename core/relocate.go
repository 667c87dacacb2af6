package core

import "encoding/json"

// Relocated gives the instance with the directories of its config where they are now, by moved, and tells whether any is
// another than before. Keys of the config that vpm does not know are kept.
func (in Instance) Relocated(moved func(dir string) string) (Instance, bool, error) {
	config, changed := keysOf(in.Config), false
	for _, key := range []string{"path", "docroot", "moved_from"} {
		var dir string
		if json.Unmarshal(config[key], &dir) != nil || moved(dir) == dir {
			continue // not set, or set to what is no directory
		}
		if err := setKey(config, key, moved(dir)); err != nil {
			return in, false, err
		}
		changed = true
	}
	if !changed {
		return in, false, nil
	}
	text, err := json.Marshal(config)
	in.Config = optional(string(text))
	return in, true, err
}
