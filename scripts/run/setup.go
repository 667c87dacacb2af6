package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"vpm/core/atomicfile"
)

// login is the administrator of the account.
type login struct{ Username, Password string }

// setUp does what a person does after an upload, through the API: choose the embedded database, prove access
// with the code in the file, create the administrator, and register the sample site. Later runs find it done
// and read the login from file.
func (a *account) setUp(ctx context.Context, url, file string) (login, error) {
	var state struct {
		Needed   bool   `json:"needed"`
		CodeFile string `json:"code_file"`
	}
	if err := call(ctx, "GET", url+"/api/setup.php", "", nil, &state); err != nil {
		return login{}, err
	}
	if !state.Needed {
		l, finished, err := readLogin(file)
		if err != nil || finished {
			return l, err
		}
		return l, register(ctx, url, file, l)
	}
	code, err := os.ReadFile(state.CodeFile)
	if err != nil {
		return login{}, err
	}
	l := login{"admin", strings.ToLower(rand.Text()[:16])}
	// Before the password counts, and marked until the sample is there: this may be interrupted anywhere.
	if err := l.save(file, unfinished); err != nil {
		return login{}, err
	}
	first, _, _ := strings.Cut(string(code), "\n")
	err = call(ctx, "POST", url+"/api/setup.php", "", map[string]string{
		"code": first, "db_driver": "sqlite", "username": l.Username, "password": l.Password}, nil)
	if err != nil {
		return login{}, err
	}
	return l, register(ctx, url, file, l)
}

// unfinished marks a login file whose sample site is not registered yet.
const unfinished = "unfinished"

func (l login) save(file, mark string) error {
	return atomicfile.Write(file, []byte(strings.TrimSpace(mark+"\n"+l.Username+"\n"+l.Password)+"\n"), 0o600)
}

func register(ctx context.Context, url, file string, l login) error {
	var session struct {
		Token string `json:"token"`
	}
	err := call(ctx, "POST", url+"/api/auth/login.php", "", map[string]string{"username": l.Username, "password": l.Password}, &session)
	if err != nil {
		return err
	}
	err = call(ctx, "POST", url+"/api/instances/create.php", session.Token, map[string]string{
		"instance_id": sampleID, "instance_name": "Sample site", "cms_type": "native",
		"domain": strings.TrimPrefix(url, "http://"), "path_prefix": "/sample/", "database_name": "sample"}, nil)
	if err != nil {
		return err
	}
	if err := call(ctx, "POST", url+"/api/auth/logout.php", session.Token, nil, nil); err != nil {
		return err
	}
	return l.save(file, "")
}

func readLogin(file string) (l login, finished bool, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return login{"admin", "(chosen at set-up; POST /api/reset.php changes it)"}, true, nil
	}
	if err != nil {
		return login{}, false, err
	}
	fields := strings.Fields(string(text))
	finished = len(fields) > 0 && fields[0] != unfinished
	if !finished {
		fields = fields[min(1, len(fields)):]
	}
	if len(fields) != 2 {
		return login{}, false, fmt.Errorf("cannot read the login in %s: delete var/ to begin anew", file)
	}
	return login{fields[0], fields[1]}, finished, nil
}

// call does one request of the API.
func call(ctx context.Context, method, url, token string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		var failure struct{ Message string }
		if err := json.NewDecoder(resp.Body).Decode(&failure); err != nil || failure.Message == "" {
			return fmt.Errorf("%s answered %s", url, resp.Status)
		}
		return errors.New(failure.Message)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
