package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"vpm/core"
	"vpm/core/systemd"
	"vpm/htaccess"
	"vpm/scripts/vpslab"
)

const fpm = "/usr/sbin/php-fpm8.2"

// TestMain lets the test binary be root's program and the server inside the VPS.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		roles := map[string]func(context.Context, Paths, string) error{"provision": Run, "deprovision": Remove, "gate": Gate, "inside": serveInside}
		if role, ok := roles[os.Args[1]]; ok {
			if err := role(context.Background(), DefaultPaths(fpm), os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, "vpm:", message(err))
				os.Exit(1)
			}
			return
		}
	}
	code := m.Run()
	if shared.used {
		if l, _ := shared.boot(); l != nil {
			if err := l.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// ask is what the server's user is to do inside; the answer is a Result and an error.
type ask struct {
	Request *Request
	Gate    *htaccess.Gate
	Run     string // to be settled as running, or as stopped with the gate
	// Original is the directory of a site that has no process of its own, which Gate closes, and none opens.
	Original string
}

type answer struct {
	Result  Result
	Code    core.Code
	Message string
}

// serveInside is the server: it does what standard input asks and tells on standard output.
func serveInside(ctx context.Context, p Paths, slug string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	var a ask
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		return err
	}
	units := systemd.NewUnits("")
	var out answer
	var err error
	if a.Original != "" {
		in := core.Instance{InstanceID: slug, Config: new(fmt.Sprintf(`{"url": "http://vpm.test/%s"}`, slug))}
		err = Originals{Paths: p, Units: units, Shared: func(string) bool { return true }}.Set(ctx, in, a.Original, a.Gate)
	} else if a.Request != nil {
		out.Result, err = Client{p, units}.Do(ctx, slug, *a.Request)
	} else {
		rt := &systemd.Runtime{Units: units, Wanted: systemd.Wanted{Dir: "/var/lib/vpm/wanted"}, Cgroups: systemd.Cgroups{Root: "/sys/fs/cgroup", Proc: "/proc"},
			Journal: systemd.Journal{Program: "/usr/bin/journalctl"}, Pools: p.Pools, Sockets: "/run/vpm", Now: time.Now, Gate: Gates{Paths: p, Units: units}.Set,
			Slug:      func(_ context.Context, i core.Instance) (string, error) { return i.InstanceID, nil },
			Timestamp: func(at time.Time) core.Timestamp { return core.Timestamp(at.UTC().Format(time.DateTime)) }}
		r := core.Record{Instance: core.Instance{InstanceID: slug, Status: core.StatusActive}, Run: core.Run{VirtualPID: a.Run, Status: core.RunRunning}}
		if a.Gate != nil {
			r.Instance.Status, r.Run.Status = core.StatusInactive, core.RunStopped
			r.Gate.Reason, r.Gate.Until, r.Gate.Bypass, r.Gate.BypassUntil = a.Gate.Reason, a.Gate.Until, a.Gate.Bypass, a.Gate.BypassUntil
		}
		turn, unlock, lockErr := rt.Lock(core.Insist(ctx), r)
		if err = lockErr; err == nil {
			_, err = rt.Settle(turn, r)
			err = errors.Join(err, unlock())
		}
	}
	if err != nil {
		out.Code, out.Message = core.CodeOf(err), message(err)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

type lab struct{ *vpslab.VPS }

var shared = struct {
	used bool
	once sync.Once
	boot func() (*lab, error)
}{boot: sync.OnceValues(newLab)}

func sharedLab(t *testing.T) *lab {
	t.Helper()
	shared.once.Do(func() { shared.used = true })
	l, err := shared.boot()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// newLab boots a VPS with vpm's files, Apache and nginx as their administrator would have set them up, and MariaDB.
func newLab() (*lab, error) {
	v, err := vpslab.Boot(vpslab.Options{})
	if err != nil {
		return nil, err
	}
	l := &lab{v}
	if err := l.install(); err != nil {
		return nil, errors.Join(err, v.Stop())
	}
	return l, nil
}

func (l *lab) install() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	files, err := systemd.Files(fpm)
	if err != nil {
		return err
	}
	files["/etc/nginx/sites-enabled/default"] = "server {\n listen 127.0.0.1:8080;\n root /var/www/html;\n include /etc/nginx/vpm.d/*.conf;\n}\n"
	for path, text := range files {
		err = errors.Join(err, l.WriteFile(path, []byte(text), 0o644))
	}
	err = errors.Join(err, l.CopyIn(self, "/usr/lib/vpm/vpm"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if _, err := l.MariaDB(ctx); err != nil {
		return err
	}
	_, err = l.Run(ctx, "sh", "-e", "-c", "systemd-sysusers; systemd-tmpfiles --create 2>/dev/null || true; systemctl daemon-reload; "+
		"systemctl restart polkit; rm -f /etc/nginx/conf.d/*.conf; systemctl start nginx; a2enmod -q expires")
	if err != nil {
		return err
	}
	return l.Apache(ctx, "<VirtualHost *:80>\n ServerName vpm.test\n DocumentRoot /var/www/html\n IncludeOptional /etc/apache2/vpm.d/*.conf\n</VirtualHost>\n")
}

func (l *lab) server(t *testing.T, slug string, a ask) (out answer) {
	t.Helper()
	in, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	text, err := l.RunInputAs(ctx, "vpmd", bytes.NewReader(in), "setpriv", "--no-new-privs", "/usr/lib/vpm/vpm", "inside", slug)
	if err == nil {
		err = json.Unmarshal([]byte(text), &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// do has a request carried out, which has to succeed.
func (l *lab) do(t *testing.T, slug string, q Request) Result {
	t.Helper()
	out := l.server(t, slug, ask{Request: &q})
	if out.Message != "" || out.Result.State != Done {
		t.Fatalf("%s of %s: %s (%s), %+v\n%s", q.Operation, slug, out.Message, out.Code, out.Result, l.Journal("vpm-"+string(q.Operation)+"@"+slug))
	}
	return out.Result
}

// fail has one carried out, which has to fail and say this.
func (l *lab) fail(t *testing.T, slug string, q Request, code core.Code, say string) Result {
	t.Helper()
	out := l.server(t, slug, ask{Request: &q})
	if out.Code != code || !strings.Contains(out.Message, say) {
		t.Errorf("%s of %s: %q (%s), want %q (%s)", q.Operation, slug, out.Message, out.Code, say, code)
	}
	return out.Result
}

func (l *lab) start(t *testing.T, slug, run string) {
	t.Helper()
	if out := l.server(t, slug, ask{Run: run}); out.Message != "" {
		t.Fatalf("start of %s: %s\n%s", slug, out.Message, l.Journal(systemd.UnitName(slug)))
	}
}

func (l *lab) stop(t *testing.T, slug string, gate htaccess.Gate) {
	t.Helper()
	if out := l.server(t, slug, ask{Gate: &gate}); out.Message != "" {
		t.Fatalf("stop of %s: %s\n%s", slug, out.Message, l.Journal("vpm-gate@"+slug))
	}
}

func (l *lab) root(t *testing.T, script string) string {
	t.Helper()
	return l.Script(t, script)
}

func (l *lab) write(t *testing.T, path, text string) {
	t.Helper()
	if err := l.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (l *lab) exists(path string) bool {
	_, err := os.Lstat(l.Root() + path)
	return err == nil
}

// good is a request that can be carried out.
func good(slug string) Request {
	return Request{Operation: Provision, Instance: slug, Serve: true, Path: "/" + slug,
		PHP: PHP{"ondemand", 4, 64 << 20, 30}, Limits: Limits{128 << 20, 150, 32}, Uploads: []string{"wp-content/uploads"}}
}

type page struct {
	status int
	body   string
	header http.Header
}

// clients are those of both web servers.
func (l *lab) clients() map[string]*http.Client {
	return map[string]*http.Client{"Apache": l.HTTPClient(), "nginx": l.ClientOf(8080)}
}

func get(t *testing.T, client *http.Client, url, cookie string) page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://vpm.test"+url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{answer.StatusCode, string(body), answer.Header}
}
