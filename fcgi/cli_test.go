package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"vpm/core/app"
	"vpm/core/store"
	"vpm/scripts/lab"
)

// operated is a panel, and how it is reached.
type operated struct {
	*panel
	remote []string // the flags that ask it by HTTP
}

func newOperated(t *testing.T, p *panel) operated {
	t.Helper()
	resident := &app.Resident{MaxConns: 4, Docroot: p.docroot, Log: t.Output()}
	server := httptest.NewServer(resident)
	t.Cleanup(func() {
		server.Close()
		must(t, resident.Close())
	})
	o := operated{panel: p}
	o.remote = []string{"--url", server.URL, "--token-file", o.tokenFile(p.token)}
	return o
}

func (o operated) tokenFile(token string) string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "token")
	must(o.t, os.WriteFile(path, []byte(token+"\n"), 0o600))
	return path
}

// spoken is what a command line came to.
type spoken struct {
	code           int
	stdout, stderr string
}

// here runs the program for this machine's panel.
func (o operated) here(stdin string, args ...string) spoken {
	o.t.Helper()
	return o.exec(nil, nil, stdin, append(args, o.args()...)...)
}

func (o operated) exec(who *syscall.Credential, env []string, stdin string, args ...string) spoken {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), program, args...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "TZ=UTC"}, env...)
	cmd.Dir = "/"
	cmd.Stdin = strings.NewReader(stdin)
	if who != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		o.t.Fatal(err)
	}
	return spoken{cmd.ProcessState.ExitCode(), out.String(), said.String()}
}

// there runs a command line that asks the panel by HTTP.
func (o operated) there(stdin string, args ...string) spoken {
	o.t.Helper()
	var out, said bytes.Buffer
	code := Run(o.t.Context(), append(args, o.remote...), strings.NewReader(stdin), &out, &said)
	return spoken{code, out.String(), said.String()}
}

// conversation is each command, in an order in which they make sense.
var conversation = []struct {
	args, stdin string
	code        int
	says        string // on stdout, or on stderr where it fails
}{
	{"list", "", 0, "wp-test-001  running  "},
	{"list --search nobody", "", 0, "There are no instances."},
	{"doctor", "", 1, "not all is well"}, // no program was uploaded
	{"doctor --json --host x.test", "", 1, "not all is well"},
	{"list --status inactiv", "", 2, "cannot use this status"},
	{"status wp-test-001", "", 0, "observed  running"},
	{"status nobody", "", 3, "vpm: Instance not found\n"},
	{"status", "", 2, "see vpm status --help"},
	{"status ../x", "", 2, "instance_id"},
	{"stop wp-test-001 --no-verify --dry-run", "", 0, "POST /api/instances/stop.php"},
	{"stop nobody --dry-run", "", 3, "Instance not found"},
	{"list", "", 0, "wp-test-001  running  "},
	{"stop wp-test-001 --no-verify --reason moving --for 90m", "", 0, "until     20"},
	{"stop wp-test-001 --no-verify --until 2020-01-01", "", 2, "until"},
	{"stop wp-test-001 --until tomorrow", "", 2, `cannot use the time "tomorrow"`},
	{"stop wp-test-001 --for 1h --until 2030-01-01", "", 2, "for until"},
	{"list", "", 0, "wp-test-001  stopped  "},
	{"events wp-test-001", "", 0, "moving"},
	{"start wp-test-001 --reason moved", "", 0, "Instance activated successfully\n"},
	{"start wp-test-001", "", 0, "Instance is already running\n"},
	{"restart wp-test-001", "", 0, "Instance restarted successfully\n"},
	{"start wp-test-001 nobody", "", 3, "1 of 2 failed"},
	{"stop wp-test-001 nobody --dry-run", "", 3, "Instance not found"},
	{"health wp-test-001 --fresh", "", 0, "health    healthy"},
	{"usage wp-test-001 --fresh", "", 0, "measured"},
	{"history wp-test-001 --from 48h --step 1h", "", 0, "There are no figures"},
	{"history wp-test-001 --from never", "", 2, "cannot use the time"},
	{"logs wp-test-001", "", 0, "cannot find an error log"},
	{"logs wp-test-001 -n 0", "", 2, "--lines"},
	{"scan", "", 0, "No sites were found."},
	{"adopt --all", "", 0, "Every site that was found is registered."},
	{"adopt", "", 2, "cannot adopt without directories"},
	{"adopt /no/such", "", 2, "1 of 1 failed"},
	{"create shop --type native --domain shop.example --database shop --dry-run", "", 0, `cms_type="native"`},
	{"create shop --type native --domain shop.example --database shop --database-password --dry-run", "a secret", 0, `database_password="…"`},
	{"create shop --type native --domain shop.example --database shop --memory 128M", "", 0, "Instance created successfully\n"},
	{"create shop --type native --domain shop.example --database shop", "", 5, "Instance ID already exists"},
	{"limits show shop", "", 0, "memory          128M"},
	{"limits set shop --memory 64M --time 30 --dry-run", "", 0, "max_execution_time=30"},
	{"limits set shop --memory 64M --time 30", "", 0, "time of a page  30 s"},
	{"limits set shop --total-memory 1G --cpu 150 --tasks 64", "", 0, "processor       150 %"},
	{"limits set shop --tasks 2", "", 2, "tasks_limit"},
	{"limits show shop", "", 0, "memory of all   1G"},
	{"limits set shop", "", 2, "at least one of the flags"},
	{"limits show ../../users/list", "", 2, "instance_id"},
	{"delete shop --dry-run", "", 0, "shop is running now"},
	{"delete shop", "", 0, "its files and database are untouched"},
	{"delete shop", "", 3, "Instance not found"},
	{"move wp-test-001 --dry-run", "", 0, `operation="move"`},
	{"move wp-test-001", "", 5, "cannot give an instance a process of its own here"},
	{"tick", "", 0, "Tick done\n"},
	{"migrate --dry-run", "", 0, "POST /api/migrate.php"},
	{"migrate", "", 0, "Database is up to date\n"},
	{"backup", "", 0, "Backup made"},
	{"restore", "", 2, "accepts 1 arg"},
	{"restore nothing.gz --replace", "", 3, "cannot find the backup"},
	{"user add ann --role manager --name Ann", "correct horse\n", 0, "User created\n"},
	{"user add ann", "correct horse\n", 5, "ann"},
	{"user add bob --role king", "correct horse\n", 2, "role"},
	{"user add bob", "", 2, "cannot read the password"},
	{"user add bob", "short\n", 2, "fewer than 8"},
	{"user list", "", 0, "ann    manager  active"},
	{"user passwd ann", "another horse\n", 0, "User changed\n"},
	{"user disable ann --dry-run", "", 0, "users/update"},
	{"user disable ann", "", 0, "User changed\n"},
	{"user list", "", 0, "ann    manager  inactive"},
	{"user enable ann", "", 0, "User changed\n"},
	{"user disable bob", "", 3, "there is no such user"},
	{"user disable admin", "", 5, "administrator"},
	{"token create cron --scope tick", "", 0, "vpm_"},
	{"token create cron --scope all", "", 2, "scope"},
	{"token list", "", 0, " 1  cron  tick"},
	{"token revoke 1", "", 0, "Token revoked\n"},
	{"token revoke 1", "", 3, ""},
	{"token revoke one", "", 2, "number of a token"},
	{"top", "", 0, "INSTANCE     STATE    HEALTH"},
	{"top --sort size", "", 2, "cannot sort by this"},
	{"list -o xml", "", 2, "table, json or yaml"},
	{"list --token abc123", "", 2, "unknown flag: --token;"},
}

// TestCommands has every command asked in both ways, on both databases.
func TestCommands(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) *panel{
		"sqlite": func(t *testing.T) *panel { return setUp(t, t.TempDir(), store.MySQL{}) }, "mysql": sharedPanel,
	} {
		for _, way := range []string{"here", "there"} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				o := newOperated(t, make(t))
				ask := map[string]func(string, ...string) spoken{"here": o.here, "there": o.there}[way]
				for _, c := range conversation {
					words := strings.Fields(c.args)
					s := ask(c.stdin, words...)
					said := s.stdout
					if c.code != 0 {
						said = s.stderr
					}
					if s.code != c.code || !strings.Contains(said, c.says) || strings.Contains(s.stdout+s.stderr, o.token) {
						t.Errorf("vpm %s: %d\n%s%s\nwant %d and %q", c.args, s.code, s.stdout, s.stderr, c.code, c.says)
					}
					if strings.Contains(s.stdout+s.stderr, "\x1b") {
						t.Errorf("vpm %s sends escapes to what is no terminal: %q", c.args, s.stdout)
					}
				}
			})
		}
	}
}

// TestFormats: JSON is the API's answer, the same here and there, and YAML says the same.
func TestFormats(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	for _, args := range []string{"list", "status " + instance, "health " + instance, "usage " + instance, "history " + instance, "events", "user list", "token list", "top",
		"limits show " + instance, "logs " + instance, "scan", "stop --dry-run " + instance} {
		words := strings.Fields(args)
		var here, there, asYAML map[string]any
		h, r := o.here("", append(words, "-o", "json")...), o.there("", append(words, "-o", "json")...)
		y := o.there("", append(words, "-o", "yaml")...)
		if err := json.Unmarshal([]byte(h.stdout), &here); err != nil || here["success"] != true {
			t.Errorf("vpm %s -o json: %v %+v", args, err, h)
		}
		if err := json.Unmarshal([]byte(r.stdout), &there); err != nil {
			t.Errorf("vpm %s -o json: %v %+v", args, err, r)
		}
		if err := yaml.Unmarshal([]byte(y.stdout), &asYAML); err != nil {
			t.Errorf("vpm %s -o yaml: %v %+v", args, err, y)
		}
		for name := range here {
			if _, ok := there[name]; !ok || len(here) != len(there) || len(asYAML) != len(here) {
				t.Errorf("vpm %s says another thing here, there and as YAML:\n%s%s%s", args, h.stdout, r.stdout, y.stdout)
				break
			}
		}
	}
	api, err := do(o.request("GET", o.remote[1], "/api/instances/list.php", ""))
	must(t, err)
	var indented bytes.Buffer
	must(t, json.Indent(&indented, []byte(api.body), "", "  "))
	if s := o.there("", "list", "-o", "json"); s.stdout != indented.String() {
		t.Errorf("the list is\n%s\nand the API says\n%s", s.stdout, indented.String())
	}
}

// TestRights: a token may do what it may, in a dry run too; without one nothing goes.
func TestRights(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	url := o.remote[1]
	viewer := strings.TrimSpace(o.here("", "token", "create", "eyes", "--scope", "view").stdout)
	manager := strings.TrimSpace(o.here("", "token", "create", "hands", "--scope", "manage").stdout)
	stop := "stop --no-verify " + instance
	for _, c := range []struct {
		token, args string
		code        int
	}{
		{viewer, "list", 0}, {viewer, "status " + instance, 0}, {viewer, stop, 4}, {viewer, stop + " --dry-run", 4}, {viewer, "tick", 4}, {viewer, "user list", 4},
		{viewer, "scan", 4}, {viewer, "events", 0},
		{manager, stop + " --dry-run", 0}, {manager, stop, 0}, {manager, "tick", 0}, {manager, "token list", 4}, {manager, "user add eve --dry-run", 4}, {manager, "migrate --dry-run", 4},
		{"vpm_" + strings.Repeat("0", 64), "list", 4}, {"", "list", 4}, {"", stop + " --dry-run", 4},
	} {
		s := o.exec(nil, []string{"VPM_TOKEN=" + c.token, "VPM_URL=" + url}, "", strings.Fields(c.args)...)
		if s.code != c.code || c.token != "" && strings.Contains(s.stdout+s.stderr, c.token) || c.code != 0 && (s.stdout != "" || !strings.HasPrefix(s.stderr, "vpm: ")) {
			t.Errorf("vpm %s: %+v; want %d", c.args, s, c.code)
		}
	}
	if s := o.exec(nil, nil, manager+"\n", "list", "--url", url, "--token-file", "-"); s.code != 0 {
		t.Errorf("with the token on stdin: %+v", s)
	}
	if s := o.exec(nil, nil, "", append(append([]string{"start"}, o.args()...), "--", "--config")...); s.code != exitNotFound {
		t.Errorf("an id that looks like a flag: %+v", s)
	}
	// What names another panel is no setting of this one.
	if s := o.exec(nil, []string{"VPM_TOKEN=" + manager}, "", append([]string{"list"}, o.args()...)...); s.code != 0 {
		t.Errorf("here, with a token for elsewhere: %+v", s)
	}
	if s := o.here("", "events"); !strings.Contains(s.stdout, "root (shell)") || !strings.Contains(s.stdout, "hands") {
		t.Errorf("the history does not say who it was:\n%s", s.stdout)
	}
	if s := o.exec(nil, []string{"VPM_TOKEN=" + manager}, "", "list", "--url", "http://127.0.0.1:1"); s.code != exitUnavailable || strings.Contains(s.stderr, manager) {
		t.Errorf("where nobody listens: %+v", s)
	}
}

// TestOwner: root becomes the owner of the settings before anything is opened, and others are refused.
func TestOwner(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Fatal("this needs root, as scripts/setup says")
	}
	const uid, gid = 33, 33 // www-data
	dir := lab.NewDir(t)
	o := newOperated(t, setUp(t, dir, store.MySQL{}))
	must(t, os.WriteFile(filepath.Join(dir, "instances", instance, ".htaccess"), []byte("Options -Indexes\n"), 0o644)) // a stop keeps a copy of it
	must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, uid, gid)
		}
		return err
	}))
	for _, args := range []string{"list", "user list", "stop --no-verify " + instance, "token create x", "tick", "start " + instance} {
		if s := o.exec(nil, []string{"SUDO_USER=ann"}, "", append(strings.Fields(args), o.args()...)...); s.code != 0 {
			t.Errorf("vpm %s as root: %+v", args, s)
		}
	}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if st := info.Sys().(*syscall.Stat_t); err == nil && (st.Uid != uid || st.Gid != gid) {
			err = fmt.Errorf("%s belongs to %d:%d", path, st.Uid, st.Gid)
		}
		return err
	}))
	if !fileExists(filepath.Join(dir, "backups")) {
		t.Error("nothing was made that root could have left")
	}
	if s := o.here("", "events"); !strings.Contains(s.stdout, "root (shell of ann)") {
		t.Errorf("the history is:\n%s%s", s.stdout, s.stderr)
	}
	if s := o.exec(&syscall.Credential{Uid: uid, Gid: gid}, nil, "", append([]string{"list"}, o.args()...)...); s.code != 0 {
		t.Errorf("as the owner: %+v", s)
	}
	if s := o.exec(&syscall.Credential{Uid: 1, Gid: 1}, nil, "", append([]string{"list"}, o.args()...)...); s.code != exitRefused || !strings.Contains(s.stderr, "use sudo") {
		t.Errorf("as another user: %+v", s)
	}
	// Without --config they are found beside the document root, and theirs is the process too.
	if s := o.exec(nil, nil, "", "list", "--docroot", o.docroot); !fileExists(usualConfig) && (s.code != 0 || !strings.Contains(s.stdout, instance)) {
		t.Errorf("with the document root alone: %+v", s)
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestAdopt: what is found is registered, one by one or all, and found again as what it is.
func TestAdopt(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	site := func(name string) string {
		dir := filepath.Join(o.docroot, name)
		must(t, os.MkdirAll(filepath.Join(dir, "wp-includes"), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "wp-includes", "version.php"), []byte("<?php\n$wp_version = '6.4.2';\n"), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "wp-load.php"), []byte("<?php\n"), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "wp-config.php"), []byte("<?php\ndefine('DB_NAME', '"+name+"');\n$table_prefix = 'wp_';\n"), 0o644))
		return dir
	}
	blog, shop, news := site("blog"), site("shop"), site("news")
	wants := func(s spoken, code int, says string) {
		t.Helper()
		if s.code != code || !strings.Contains(s.stdout, says) {
			t.Errorf("%+v; want %d and %q", s, code, says)
		}
	}
	wants(o.there("", "scan"), 0, "wordpress  6.4.2    new: ")
	wants(o.there("", "adopt", "--dry-run", "--all", "--site-url", "http://x.example/"), 2, "")
	wants(o.there("", "adopt", "--dry-run", "--all"), 0, `"dir":"`+shop+`"`)
	wants(o.here("", "adopt", blog, "--id", "my-blog", "--name", "Mine", "--site-url", "http://blog.example/"), 0, "Registered as my-blog")
	wants(o.there("", "list"), 0, "my-blog      running  ")
	wants(o.there("", "adopt", blog, news), 5, blog)
	wants(o.there("", "adopt", "--all"), 0, "Registered as 127-0-0-1-shop")
	wants(o.here("", "adopt", "--all"), 0, "Every site that was found is registered.")
	wants(o.there("", "scan"), 0, "my-blog")
}

// logWriter is what a goroutine writes and the test reads.
type logWriter struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *logWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *logWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// TestFollow: logs -f goes on with what is added, and with a new file.
func TestFollow(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	log := filepath.Join(filepath.Dir(o.config), "instances", instance, "error_log")
	write := func(text string, how int) {
		f, err := os.OpenFile(log, how|os.O_CREATE|os.O_WRONLY, 0o644)
		must(t, err)
		_, err = f.WriteString(text)
		must(t, err)
		must(t, f.Close())
	}
	write("one\ntwo\nthree\n", 0)
	ctx, end := context.WithCancel(t.Context())
	var out logWriter
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, append([]string{"logs", "-f", "-n", "2", instance}, o.remote...), strings.NewReader(""), &out, t.Output())
	}()
	shows := func(want string) {
		t.Helper()
		eventually(t, "it shows "+want, func() bool { return out.String() == want })
	}
	shows("two\nthree\n")
	write("three\nfour\x1b[2J\n", os.O_APPEND)
	shows("two\nthree\nthree\nfour·[2J\n")
	write("anew\n", os.O_TRUNC)
	shows("two\nthree\nthree\nfour·[2J\nanew\n")
	end()
	if code := <-done; code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestCompletion: shells are told the ids of the instances, and nothing where they cannot be had.
func TestCompletion(t *testing.T) {
	t.Parallel()
	o := newOperated(t, setUp(t, t.TempDir(), store.MySQL{}))
	if s := o.exec(nil, nil, "", append([]string{"__complete", "stop"}, append(o.args(), "")...)...); s.code != 0 || s.stdout != instance+"\tA site\n:4\n" {
		t.Errorf("here: %+v", s)
	}
	if s := o.exec(nil, nil, "", append([]string{"__complete", "stop"}, append(o.remote, "")...)...); s.code != 0 || s.stdout != instance+"\tA site\n:4\n" {
		t.Errorf("there: %+v", s)
	}
	if s := o.exec(nil, nil, "", "__complete", "status", "--url", "http://127.0.0.1:1", ""); s.code != 0 || s.stdout != ":4\n" {
		t.Errorf("nowhere: %+v", s)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, out, _ := run(t, "completion", shell); code != 0 || !strings.Contains(out, "vpm") {
			t.Errorf("completion %s: %d", shell, code)
		}
	}
}

// TestManPages makes them as a package does.
func TestManPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "run", "-tags", "man", ".", "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for page, words := range map[string]string{"vpm.8": "Exit status", "vpm-stop.8": "no-verify", "vpm-token-create.8": "scope"} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		must(t, err)
		if !strings.Contains(strings.ReplaceAll(string(text), `\-`, "-"), words) {
			t.Errorf("%s does not say %s", page, words)
		}
	}
	if fileExists(filepath.Join(dir, "vpm-provision.8")) {
		t.Error("the helpers of root's units have a page")
	}
}
