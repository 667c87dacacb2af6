package relocate

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"vpm/core"
)

// TestDumpsThatLeadElsewhere are not imported, unless a person names them: root may read what is another account's.
func TestDumpsThatLeadElsewhere(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"other.sql": "SELECT 1", "mysql/you_wp.sql": "SELECT 1"})
	for name, c := range map[string]struct {
		make func(home string) error
		from string // the part of the backup that was named
		code core.Code
	}{
		"a file":           {make: func(home string) error { return os.WriteFile(home+"/you_wp.sql", nil, 0o600) }},
		"beside the home":  {make: func(home string) error { return os.Rename(outside+"/mysql", filepath.Dir(home)+"/mysql") }},
		"a link within":    {make: func(home string) error { return os.Symlink("vpm.env", home+"/you_wp.sql") }},
		"a link out of it": {code: core.CodeUnavailable, make: func(home string) error { return os.Symlink(outside+"/other.sql", home+"/you_wp.sql") }},
		"a directory elsewhere": {code: core.CodeUnavailable, make: func(home string) error {
			return os.Symlink(outside, home+"/mysql")
		}},
		"a pipe": {code: core.CodeInvalid, make: func(home string) error { return syscall.Mkfifo(home+"/you_wp.sql", 0o600) }},
	} {
		write(t, outside, map[string]string{"you_wp.sql": "SELECT 1"})
		home := filepath.Join(t.TempDir(), "homedir")
		write(t, home, map[string]string{"vpm.env": "X=1"})
		must(t, c.make(home))
		p := &Plan{options: Options{From: home}, account: account{home: home}}
		d := &database{name: "you_wp", users: []login{{"you_wp", "x", "localhost"}}, usedBy: []string{"a site"}}
		if err := p.findDump(d, nil); core.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		d = &database{name: "you_wp", usedBy: []string{"a site"}}
		if err := p.findDump(d, map[string]string{"you_wp": outside + "/other.sql"}); err != nil || d.within != "" {
			t.Errorf("%s: one that was named: %+v, %v", name, d, err)
		}
	}
}

// TestPassingStaysInTheHome: where a link of the account's leads is not the account's.
func TestPassingStaysInTheHome(t *testing.T) {
	home, outside := t.TempDir(), t.TempDir()
	must(t, os.Chmod(home, 0o711))
	must(t, os.Chmod(outside, 0o700))
	must(t, os.Mkdir(home+"/domains", 0o750))
	must(t, os.Symlink("domains", home+"/public_html"))
	p := &Plan{}
	must(t, p.passSteps(home, ".", "public_html"))
	if len(p.steps) != 1 {
		t.Fatalf("the steps are %+v", p.steps)
	}
	must(t, p.steps[0].do(t.Context()))
	if info, err := os.Stat(home + "/domains"); err != nil || info.Mode().Perm() != 0o751 {
		t.Errorf("the directory is %v, %v", info, err)
	}
	must(t, os.Remove(home+"/public_html"))
	must(t, os.Symlink(outside, home+"/public_html"))
	if err := p.passSteps(home, "public_html"); err == nil {
		t.Error("a link out of the home is no reason to refuse")
	}
	if err := p.steps[0].do(t.Context()); err == nil {
		t.Error("a link that came after the plan is followed")
	}
	if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("outside is %v, %v", info, err)
	}
}

// TestOneAtATime: a second vpm adopt does not remove what the first unpacks.
func TestOneAtATime(t *testing.T) {
	skipUnlessRoot(t)
	file, home := tarOf(t, item{name: "public_html/api/vpm.cgi", text: "program"}), filepath.Join(t.TempDir(), "shop")
	a, err := PrepareArchive(file, home, "nobody")
	must(t, err)
	write(t, a.entering, map[string]string{"half": "a file"})
	unlock, err := lock(t.Context(), a.entering)
	must(t, err)
	if err := a.Apply(t.Context()); core.CodeOf(err) != core.CodeBusy || !exists(filepath.Join(a.entering, "half")) {
		t.Errorf("while another unpacks: %v", err)
	}
	unlock()
	if err := a.Apply(t.Context()); err != nil || !exists(filepath.Join(home, "public_html/api/vpm.cgi")) || exists(filepath.Join(home, "half")) {
		t.Errorf("after it was cut off: %v", err)
	}
}

// TestSparseFiles are files: GNU tar marks those with holes.
func TestSparseFiles(t *testing.T) {
	skipUnlessRoot(t)
	from, file := t.TempDir(), filepath.Join(t.TempDir(), "account.tar")
	f, err := os.Create(filepath.Join(from, "sparse"))
	must(t, err)
	_, err = f.WriteAt([]byte("end"), 1<<20)
	must(t, err)
	must(t, f.Close())
	if out, err := exec.Command("tar", "--sparse", "--format=gnu", "-C", from, "-cf", file, "sparse").CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	home, err := unpack(t, file)
	must(t, err)
	if text, err := os.ReadFile(filepath.Join(home, "sparse")); err != nil || len(text) != 1<<20+3 || string(text[1<<20:]) != "end" {
		t.Errorf("the file has %d bytes, %v", len(text), err)
	}
}
