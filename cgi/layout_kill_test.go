package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// smallCores are the files of cores that are laid out in few steps.
var smallCores = []string{"wordpress/index.php", "wordpress/wp-load.php", "wordpress/wp-settings.php", "wordpress/readme.html", "wordpress/wp-admin/install.php",
	"wordpress/wp-includes/version.php", "wordpress/wp-content/themes/one/style.css", "joomla/index.php", "joomla/administrator/index.php", "joomla/installation/index.php"}

// TestKilledWhileLayingOut kills create at each of its steps. What is there then is nothing of the site or all of it, and
// the same call again, or that of another site, leaves the site registered and whole and nothing beside it.
func TestKilledWhileLayingOut(t *testing.T) {
	t.Parallel()
	program, err := mortal()
	if err != nil {
		t.Fatal(err)
	}
	for _, cms := range []string{"wordpress", "joomla"} {
		for _, empty := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/empty=%v", cms, empty), func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, "sqlite", program)
				for _, name := range smallCores {
					path := filepath.Join(a.home, "shared-cores", name)
					a.must(os.MkdirAll(filepath.Dir(path), 0o755))
					a.must(os.WriteFile(path, []byte("<?php // "+name), 0o644))
				}
				k := &layingOut{account: a, cms: cms, empty: empty, killedAt: map[string]bool{}}
				k.whole = k.once(0)
				for at := 1; k.once(at) != nil; at++ {
				}
				for _, point := range []string{"stage made", "site laid out", "site synced", "site in its place", "instance inserted", "site kept"} {
					if !k.killedAt[point] {
						t.Errorf("no process was killed at the point %q, only at %v", point, k.killedAt)
					}
				}
			})
		}
	}
}

type layingOut struct {
	*account
	cms      string
	empty    bool     // the directory is there before
	whole    []string // the names in a site
	killedAt map[string]bool
}

// once creates a site in a process that is killed at a point, then again in one that is not, and gives the names in the
// site; nil: the process was not killed. With 0 none is.
func (k *layingOut) once(at int) []string {
	k.t.Helper()
	base := filepath.Join(k.home, "instances")
	dir := filepath.Join(base, "blog")
	k.run("delete", map[string]any{"instance_id": "blog"})
	k.must(os.RemoveAll(base))
	if k.empty {
		k.must(os.MkdirAll(dir, 0o755))
	}
	body := map[string]any{"instance_id": "blog", "instance_name": "Blog", "cms_type": k.cms, "database_name": "x", "layout": true}
	if k.cms == "wordpress" {
		body["database_user"], body["database_password"], body["database_host"] = "u", "p", "127.0.0.1:1"
	}
	if at > 0 {
		got := k.run("create", body, fmt.Sprintf("FAULT_AT=%d", at))
		if !got.killed {
			return nil
		}
		lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
		point := strings.TrimPrefix(lines[len(lines)-1], "fault: ")
		k.killedAt[point] = true
		if found := names(k.t, dir); len(found) > 0 && !slices.Equal(found, k.whole) {
			k.t.Errorf("killed at %d, %s: the site has %v", at, point, found)
		}
	}
	again := k.ask("create", body)
	if again.status != 201 && (again.status != 409 || !strings.Contains(string(again.body), "already exists")) || at == 0 && again.status != 201 {
		k.t.Errorf("killed at %d, then create answers %d %s", at, again.status, again.body)
	}
	found := names(k.t, dir)
	if at > 0 && !slices.Equal(found, k.whole) {
		k.t.Errorf("killed at %d: the site has %v, want %v", at, found, k.whole)
	}
	if entries, err := os.ReadDir(base); err != nil || len(entries) != 1 {
		k.t.Errorf("killed at %d: beside the site are %v, %v", at, entries, err)
	}
	var monitor struct {
		Instance struct{ Status string }
	}
	got := k.runFor("monitor", "blog")
	k.must(json.Unmarshal(got.body, &monitor))
	if got.status != 200 || monitor.Instance.Status != "active" {
		k.t.Errorf("killed at %d: monitor answers %d %s", at, got.status, got.body)
	}
	return found
}

// runFor reads one instance.
func (k *layingOut) runFor(action, id string) reply {
	return k.run(action, nil, "QUERY_STRING=instance_id="+id, "REQUEST_URI=/api/instances/"+action+".php?instance_id="+id)
}

// names lists what a site has, but for the marker of one that waits for its registration.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil && path != dir && filepath.Base(path) != ".vpm-new" {
			list = append(list, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return list
}
