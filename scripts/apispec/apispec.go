// Package apispec holds answers of the API against its description, core/httpapi/openapi.json. Tests that talk to a real
// vpm pass every answer through it.
package apispec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	verrors "github.com/pb33f/libopenapi-validator/errors"
)

// description is the file, read.
type description struct {
	paths     map[string]map[string]json.RawMessage // by the path without .php, and the method in lower case
	endings   map[string]string                     // what the path has at its end: ".php" or ""
	mu        sync.Mutex                            // the library does not say that many may use it at once
	validator validator.Validator
}

var load = sync.OnceValues(func() (*description, error) {
	text, err := os.ReadFile(filepath.Join(root(), "core", "httpapi", "openapi.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	d := &description{paths: map[string]map[string]json.RawMessage{}, endings: map[string]string{}}
	for name, methods := range file.Paths {
		bare := strings.TrimSuffix(name, ".php")
		d.paths[bare], d.endings[bare] = methods, strings.TrimPrefix(name, bare)
	}
	if text, err = closed(text); err != nil {
		return nil, err
	}
	d.validator, err = newValidator(text)
	return d, err
})

func newValidator(text []byte) (validator.Validator, error) {
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithoutSecurityValidation())
	return v, errors.Join(errs...)
}

// root is the directory of the module, above the one that a test runs in.
func root() string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	return "."
}

// Check holds a request and its answer against the description: see CheckAnswer. A request that was answered with success
// has to be as described too, where its body is JSON.
func Check(r *http.Request, status int, header http.Header, body []byte) error {
	var sent []byte
	if r.GetBody != nil && status < 300 {
		text, err := r.GetBody()
		if err != nil {
			return err
		}
		if sent, err = io.ReadAll(text); err != nil {
			return err
		}
	}
	return check(r, sent, status, header, body)
}

// CheckAnswer holds an answer against the description: there must be such a call, with such a status, and the body must have
// all that is said there, in the right types, and nothing else. Passed over is what vpm does not answer itself: addresses
// outside of api/, failures of the web server, and PHP files that lie in the way, which are known by the header that they
// lack.
func CheckAnswer(r *http.Request, status int, header http.Header, body []byte) error {
	return check(r, nil, status, header, body)
}

func check(r *http.Request, sent []byte, status int, header http.Header, body []byte) error {
	d, err := load()
	if err != nil {
		return fmt.Errorf("cannot load the description of the API: %w", err)
	}
	_, name, ours := strings.Cut(path.Clean("/"+r.URL.Path), "/api/")
	if !ours || header.Get("X-Content-Type-Options") != "nosniff" || len(body) == 0 && (r.Method == http.MethodHead || r.Method == http.MethodOptions) {
		return nil
	}
	if err := d.check(r, d.canonical(name, r.Method), sent, status, header, body); err != nil {
		return fmt.Errorf("%s %s is answered %d %.2000s, not as described: %w", r.Method, r.URL, status, body, err)
	}
	return nil
}

// canonical gives the address of a call as the description has it, "" where it has none.
func (d *description) canonical(name, method string) string {
	name = "/" + strings.TrimSuffix(name, ".php")
	if method != http.MethodGet && method != http.MethodPost {
		return ""
	}
	if method == http.MethodPost { // the newer pages call the actions so
		name = strings.TrimPrefix(name, "/v1")
	}
	if _, there := d.paths[name][strings.ToLower(method)]; there {
		return name + d.endings[name]
	}
	if id, found := strings.CutPrefix(name, "/v1/instances/"); found && method == http.MethodGet && !strings.Contains(id, "/") {
		return name
	}
	return ""
}

func (d *description) check(r *http.Request, address string, sent []byte, status int, header http.Header, body []byte) error {
	method := r.Method
	if address == "" {
		if status < 400 {
			return errors.New("there is no such call")
		}
		method, address = http.MethodGet, "/openapi.php" // whose failures are those of every call
	}
	asked, err := http.NewRequest(method, "http://vpm"+address+"?"+r.URL.RawQuery, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	asked.Header.Set("Content-Type", "application/json")
	got := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {header.Get("Content-Type")}}, Body: io.NopCloser(bytes.NewReader(body))}
	d.mu.Lock()
	defer d.mu.Unlock()
	ok, found := d.validator.ValidateHttpResponse(asked, got)
	if ok && status < 300 && json.Valid(sent) {
		ok, found = d.validator.ValidateHttpRequest(asked)
	}
	if !ok {
		return problems(found)
	}
	return nil
}

func problems(list []*verrors.ValidationError) error {
	var errs []error
	for _, v := range list {
		errs = append(errs, fmt.Errorf("%s: %s", v.Message, v.Reason))
		for _, s := range v.SchemaValidationErrors {
			errs = append(errs, fmt.Errorf("%s: %s", s.FieldPath, s.Reason))
		}
	}
	return errors.Join(errs...)
}
