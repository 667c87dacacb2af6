package main

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"vpm/core/atomicfile"
	"vpm/htaccess"
)

//go:embed sample
var sample embed.FS

// account is what the files of a hosting account are on a real host.
type account struct {
	home    string
	docroot string
}

// layOut makes the account, keeping what an earlier run left: public_html is uploaded anew, with the program,
// and the sample site is put where instances lie.
func layOut(home, publicHTML, program string) (*account, error) {
	a := &account{home, filepath.Join(home, "public_html")}
	if err := upload(a.docroot, os.DirFS(publicHTML)); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Write(filepath.Join(a.docroot, "api", htaccess.Program), data, 0o755); err != nil {
		return nil, err
	}
	site, err := fs.Sub(sample, "sample")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(a.sample()); err == nil {
		return a, nil // it may have been changed since
	}
	return a, upload(a.sample(), site)
}

func (a *account) sample() string { return filepath.Join(a.home, "instances", "sample") }

func upload(dir string, from fs.FS) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, name)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		return atomicfile.Write(target, data, 0o644)
	})
}

// handler serves the account: /api/ by the table that renders the routing file, /sample/ and the docroot as
// files.
func (a *account) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/sample/", a.gated(http.StripPrefix("/sample", noDotFiles(http.FileServer(http.Dir(a.sample()))))))
	mux.Handle("/", noDotFiles(http.FileServer(http.Dir(a.docroot))))
	api := filepath.Join(a.docroot, "api")
	exists := func(p string) bool {
		_, err := os.Stat(filepath.Join(api, filepath.FromSlash(path.Clean("/"+p))))
		return err == nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below, found := strings.CutPrefix(path.Clean(r.URL.Path), "/api/")
		if !found {
			mux.ServeHTTP(w, r) // which also redirects to clean paths
			return
		}
		rule, target, ok := htaccess.Match(below, exists)
		if !ok || rule.Program != htaccess.Program {
			http.NotFound(w, r)
			return
		}
		program := cgi.Handler{
			Path: filepath.Join(api, rule.Program), Dir: api, Root: "/api/" + target,
			Env:    []string{"DOCUMENT_ROOT=" + a.docroot, "SERVER_ADDR=127.0.0.1"},
			Stderr: os.Stderr,
		}
		program.ServeHTTP(w, r)
	})
}

// gated honours the gate in the sample site's .htaccess, as Apache does by its rules.
func (a *account) gated(site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join(a.sample(), ".htaccess"))
		if err != nil && !os.IsNotExist(err) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		until, found := htaccess.Standing(text, sampleID)
		if found == htaccess.None || !until.IsZero() && !time.Now().Before(until) {
			site.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Retry-After", "3600")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, htaccess.DefaultPage("", until))
	})
}

// sampleID is the id of the sample's instance.
const sampleID = "sample"

// noDotFiles hides what Apache's stock configuration hides, and more: .htaccess and its like.
func noDotFiles(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/.") {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
