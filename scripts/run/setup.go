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
		return readLogin(file)
	}
	code, err := os.ReadFile(state.CodeFile)
	if err != nil {
		return login{}, err
	}
	l := login{"admin", strings.ToLower(rand.Text()[:16])}
	if err := atomicfile.Write(file, []byte(l.Username+"\n"+l.Password+"\n"), 0o600); err != nil {
		return login{}, err
	}
	first, _, _ := strings.Cut(string(code), "\n")
	err = call(ctx, "POST", url+"/api/setup.php", "", map[string]string{
		"code": first, "db_driver": "sqlite", "username": l.Username, "password": l.Password}, nil)
	if err != nil {
		return login{}, err
	}
	return l, register(ctx, url, l)
}

func register(ctx context.Context, url string, l login) error {
	var session struct {
		Token string `json:"token"`
	}
	err := call(ctx, "POST", url+"/api/auth/login.php", "", map[string]string{"username": l.Username, "password": l.Password}, &session)
	if err != nil {
		return err
	}
	err = call(ctx, "POST", url+"/api/instances/create.php", session.Token, map[string]string{
		"instance_id": "sample", "instance_name": "Sample site", "cms_type": "native",
		"domain": strings.TrimPrefix(url, "http://"), "path_prefix": "/sample/", "database_name": "sample"}, nil)
	if err != nil {
		return err
	}
	return call(ctx, "POST", url+"/api/auth/logout.php", session.Token, nil, nil)
}

func readLogin(file string) (login, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return login{"admin", "(chosen at set-up; POST /api/reset.php changes it)"}, nil
	}
	if err != nil {
		return login{}, err
	}
	fields := strings.Fields(string(text))
	if len(fields) != 2 {
		return login{}, fmt.Errorf("cannot read the login in %s: delete var/ to begin anew", file)
	}
	return login{fields[0], fields[1]}, nil
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
