package relocate

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// stranger is the number of a user whom no machine of a test has.
const stranger = 77123

// ending is a context that ends when it has been asked so often.
type ending struct {
	context.Context
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestFilesAreGiven: what belongs to nobody here gets an owner, and nothing else does, wherever links lead. Where it was cut
// off, the plan still has it.
func TestFilesAreGiven(t *testing.T) {
	t.Parallel()
	skipUnlessRoot(t)
	if u, err := user.LookupId(strconv.Itoa(stranger)); err == nil {
		t.Fatalf("user %d is %s", stranger, u.Username)
	}
	nobody, err := user.Lookup("nobody")
	must(t, err)
	home, outside := restored(t, settingsOfYou), t.TempDir()
	write(t, outside, map[string]string{"secret": "s"})
	write(t, home, map[string]string{"public_html/suid": "", "public_html/of-root": ""})
	must(t, os.Symlink(outside, home+"/public_html/link"))
	must(t, filepath.WalkDir(home, func(path string, _ os.DirEntry, err error) error {
		must(t, err)
		return os.Lchown(path, stranger, stranger)
	}))
	must(t, os.Lchown(outside+"/secret", stranger, stranger))
	must(t, os.Chown(home+"/public_html/of-root", 0, 0))
	must(t, os.Chmod(home+"/public_html/suid", 0o755|os.ModeSetuid|os.ModeSetgid))
	must(t, os.Chmod(home+"/public_html/blog", 0o755|os.ModeSetgid)) // which the kernel leaves where a directory gets another owner
	a, err := findAccount(t.Context(), Options{From: home})
	must(t, err)
	giving := func() []step {
		p := &Plan{options: Options{Owner: "nobody"}, account: a}
		must(t, p.fileSteps())
		var found []step
		for _, st := range p.steps {
			if strings.HasPrefix(st.what, fmt.Sprintf("give what belongs to user %d in %s", stranger, home)) {
				found = append(found, st)
			}
		}
		return found
	}
	steps := giving()
	if len(steps) != 1 {
		t.Fatalf("the steps are %+v", steps)
	}
	for n := 0; ; n++ {
		err := steps[0].do(&ending{t.Context(), n})
		if err == nil {
			break
		}
		if len(giving()) != 1 {
			t.Fatalf("cut off after %d: %v, and the next plan does not go on", n, err)
		}
	}
	if left := giving(); len(left) != 0 {
		t.Errorf("afterwards: %+v", left)
	}
	for path, want := range map[string]string{home: nobody.Uid, home + "/vpm.env": nobody.Uid, home + "/public_html": nobody.Uid, home + "/public_html/blog": nobody.Uid, home + "/public_html/blog/index.php": nobody.Uid,
		home + "/public_html/link": nobody.Uid, home + "/public_html/suid": nobody.Uid, home + "/public_html/of-root": "0", outside: "0", outside + "/secret": strconv.Itoa(stranger)} {
		info, err := os.Lstat(path)
		must(t, err)
		if uid := info.Sys().(*syscall.Stat_t).Uid; strconv.Itoa(int(uid)) != want {
			t.Errorf("%s belongs to %d, want %s", path, uid, want)
		}
		if info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
	}
	if err := give(t.Context(), home, home, stranger, "nobody-of-this-name"); err == nil {
		t.Error("files are given to a user who is not here")
	}
}
