package disttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vpm/scripts/lab"
)

const (
	uploaded = ".htaccess vpm vpm-386.cgi vpm.cgi"
	switched = ".htaccess vpm vpm-386.cgi vpm-amd64.cgi vpm.cgi"
)

// reply is an answer; fields are "" where there are none.
type reply struct {
	status               int
	text                 string
	Success              *bool
	Message, Error, Code string
}

// client keeps no connection: a POST on one that Apache is just closing, after 5 seconds without a request, fails.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func do(method, url string, header ...string) (reply, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	r := reply{status: response.StatusCode, text: string(body)}
	if response.Header.Get("Content-Type") != "application/json" || err != nil {
		return r, err
	}
	if response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("Cache-Control") != "no-store" {
		return r, fmt.Errorf("%s %s has the headers %v", method, url, response.Header)
	}
	return r, json.Unmarshal(body, &r)
}

func want(t *testing.T, method, url string, status int, code, message string, header ...string) {
	t.Helper()
	r, err := do(method, url, header...)
	if err != nil {
		t.Fatal(err)
	}
	if r.status != status || r.Code != code || !strings.Contains(r.Message, message) {
		t.Fatalf("%s %s = %d %s, want %d, code %q, message %q", method, url, r.status, r.text, status, code, message)
	}
	if r.Success == nil || *r.Success != (code == "") || code != "" && r.Error != r.Message {
		t.Fatalf("%s %s = %s, not as the contract has it", method, url, r.text)
	}
}

// asking asks an endpoint of the API that needs no database.
func asking(host *lab.Host) func() error {
	return func() error {
		r, err := do("GET", host.URL+"/api/setup.php")
		if err == nil && (r.status != 200 || r.Success == nil || !*r.Success) {
			err = fmt.Errorf("GET /api/setup.php = %d %s", r.status, r.text)
		}
		return err
	}
}

// wantDead wants that vpm.cgi does not run: without that, a switch would prove nothing.
func wantDead(t *testing.T, host *lab.Host) {
	t.Helper()
	if r, err := do("GET", host.URL+"/api/setup.php"); err != nil || r.status != 500 {
		t.Fatalf("GET /api/setup.php = %d %s, %v, want 500", r.status, r.text, err)
	}
}

func wantFiles(t *testing.T, host *lab.Host, want string) {
	t.Helper()
	if got := list(t, api(host, ".")); got != want {
		t.Errorf("api/ holds %s, want %s", got, want)
	}
}

func wantUnchanged(t *testing.T, host *lab.Host) {
	t.Helper()
	wantFiles(t, host, uploaded)
	if read(t, api(host, "vpm.cgi")) == read(t, api(host, "vpm-386.cgi")) {
		t.Error("vpm.cgi was replaced")
	}
}

// together does something in many clients at once, so many times each, and gives what went wrong.
func together(clients, times int, something func() error) []error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var failures []error
	for range clients {
		group.Go(func() {
			for range times {
				if err := something(); err != nil {
					mu.Lock()
					failures = append(failures, err)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return failures
}

func TestSwitchWhereMemoryIsShort(t *testing.T) {
	for _, memory := range []int64{512, 64} {
		t.Run(fmt.Sprint(memory, "MB"), func(t *testing.T) {
			t.Parallel()
			// Six processes are enough for one program at a time, which starts no seventh to try the other.
			host := startUploaded(t, lab.Options{RLimitAS: memory << 20, RLimitNPROC: 6})
			wantDead(t, host)
			old := read(t, api(host, "vpm.cgi"))
			want(t, "POST", host.URL+"/api/switch386.php", 200, "", "is the 32-bit program now")
			if read(t, api(host, "vpm.cgi")) != read(t, api(host, "vpm-386.cgi")) {
				t.Error("vpm.cgi is not the 32-bit program")
			}
			if read(t, api(host, "vpm-amd64.cgi")) != old {
				t.Error("the 64-bit program was not kept")
			}
			wantFiles(t, host, switched)
			want(t, "POST", host.URL+"/api/switch386", 200, "", "already")
			for _, err := range together(1, 30, asking(host)) {
				t.Error(err)
			}
		})
	}
}

func TestSwitchManyAtOnce(t *testing.T) {
	t.Parallel()
	const clients = 12
	host := startUploaded(t, lab.Options{RLimitAS: 64 << 20})
	old := read(t, api(host, "vpm.cgi"))
	for _, err := range together(clients, 2, func() error {
		r, err := do("POST", host.URL+"/api/switch386.php")
		if err == nil && r.status != 200 {
			err = fmt.Errorf("%d %s", r.status, r.text)
		}
		return err
	}) {
		t.Error(err)
	}
	if read(t, api(host, "vpm.cgi")) != read(t, api(host, "vpm-386.cgi")) || read(t, api(host, "vpm-amd64.cgi")) != old {
		t.Error("a program was lost")
	}
	wantFiles(t, host, switched)
	for _, err := range together(clients, 5, asking(host)) {
		t.Error(err)
	}
}

// An upgrade brings a new 64-bit program: the switch is needed again, and what was kept before is in its way.
func TestSwitchAgain(t *testing.T) {
	t.Parallel()
	host := startUploaded(t, lab.Options{RLimitAS: 512 << 20})
	old := read(t, api(host, "vpm.cgi"))
	want(t, "POST", host.URL+"/api/switch386.php", 200, "", "now")
	upload(t, host, "vpm.cgi", old)
	// As a panel's own file manager leaves it: of such a file the account may make a copy, and no second link.
	if err := os.Chown(api(host, "vpm.cgi"), 0, 0); err != nil {
		t.Fatal(err)
	}
	wantDead(t, host)
	want(t, "POST", host.URL+"/api/switch386.php", 200, "", "now")
	wantFiles(t, host, switched)
	if err := asking(host)(); err != nil {
		t.Error(err)
	}
	if read(t, api(host, "vpm-amd64.cgi")) != old {
		t.Error("the 64-bit program was not kept")
	}
}

func TestSwitchRefused(t *testing.T) {
	t.Parallel()
	free := startUploaded(t, lab.Options{})
	url := free.URL + "/api/switch386.php"
	want(t, "POST", url, 409, "conflict", "the 64-bit program runs on this host")
	want(t, "POST", url, 403, "forbidden", "another site", "Origin", "https://evil.example")
	want(t, "POST", url, 403, "forbidden", "another site", "Sec-Fetch-Site", "cross-site")
	want(t, "GET", url, 405, "method_not_allowed", "only POST")
	want(t, "GET", url+"?switch386", 405, "method_not_allowed", "only POST")
	wantUnchanged(t, free)
	if err := asking(free)(); err != nil {
		t.Error(err)
	}

	busy := startUploaded(t, lab.Options{RLimitNPROC: 6})
	want(t, "POST", busy.URL+"/api/switch386.php", 409, "conflict", "cannot switch")
	wantUnchanged(t, busy)
	if err := asking(busy)(); err != nil {
		t.Error(err)
	}
}

func TestSwitchImpossible(t *testing.T) {
	t.Parallel()
	host := startUploaded(t, lab.Options{RLimitAS: 512 << 20})
	url := host.URL + "/api/switch386.php"
	if err := os.Chmod(api(host, "."), 0o555); err != nil {
		t.Fatal(err)
	}
	want(t, "POST", url, 503, "unavailable", "in your host's file manager rename vpm.cgi to vpm-amd64.cgi, then vpm-386.cgi to vpm.cgi")
	wantUnchanged(t, host)

	program := read(t, api(host, "vpm.cgi"))
	upload(t, host, "vpm.cgi", program[:len(program)/2])
	want(t, "POST", url, 503, "unavailable", "upload it again")
	if err := os.Remove(api(host, "vpm.cgi")); err != nil {
		t.Fatal(err)
	}
	want(t, "POST", url, 503, "unavailable", "cannot find vpm.cgi")
	wantFiles(t, host, ".htaccess vpm vpm-386.cgi")
}

// mod_fcgid keeps the programs: the switch is a request among many, and vpm.cgi begins anew.
func TestSwitchUnderFastCGI(t *testing.T) {
	t.Parallel()
	free := startUploaded(t, lab.Options{FCGID: true})
	for range 2 {
		want(t, "GET", free.URL+"/api/switch386.php", 405, "method_not_allowed", "only POST")
		want(t, "POST", free.URL+"/api/switch386.php", 409, "conflict", "the 64-bit program runs on this host")
	}
	wantUnchanged(t, free)

	// mod_fcgid takes no notice of RLimitMEM. On a host that limits every process it is as if these scripts were
	// before the programs.
	short := startUploaded(t, lab.Options{FCGID: true})
	dir := filepath.Join(short.Home, "limited")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vpm.cgi", "vpm-386.cgi"} {
		if err := os.Rename(api(short, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		upload(t, short, name, fmt.Sprintf("#!/bin/sh\nulimit -v %d\nexec %s/%s\n", 512<<10, dir, name))
	}
	if err := short.Chown(dir); err != nil {
		t.Fatal(err)
	}
	wantDead(t, short)
	want(t, "POST", short.URL+"/api/switch386.php", 200, "", "now")
	want(t, "POST", short.URL+"/api/switch386.php", 200, "", "already")
	for _, err := range together(4, 5, asking(short)) {
		t.Error(err)
	}
	if got := list(t, dir); got != "vpm-386.cgi vpm-amd64.cgi vpm.cgi" {
		t.Errorf("beside the programs is %s", got)
	}
}
