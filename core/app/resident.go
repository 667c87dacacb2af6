package app

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/fcgi"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"vpm/core"
	"vpm/core/autoinstall"
	"vpm/core/config"
	"vpm/core/httpapi"
	"vpm/core/store"
)

// Resident is the handler of a process that answers many requests. The settings are read at the first one, and
// again at the next when they have changed. What the old ones opened is closed after its last request.
type Resident struct {
	MaxConns int
	// Docroot is the document root whose panel this is. "" takes it from each request, as under mod_fcgid,
	// where all come from one.
	Docroot string
	// Real is that of an App.
	Real func(db *store.DB, c *config.Config) RealMode
	// Metrics and Observe are those of the API.
	Metrics http.Handler
	Observe func(route, method string, status int, took time.Duration)
	// Version is that of the program, for people.
	Version string
	// ServerSum is what AutoInstall is told; "" for a program that is not uploaded.
	ServerSum string
	// Log is where the log goes when the settings name no file; nil is stderr.
	Log io.Writer

	mu      sync.Mutex
	app     *using
	root    string
	watched map[string]os.FileInfo
	loaded  time.Time
	changed bool // since the process began
}

// using is an App and how many requests use it. The Resident's lock guards both.
type using struct {
	*App
	requests int
	replaced bool
}

// ServeHTTP answers one request.
func (h *Resident) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	root := h.Docroot
	if root == "" {
		root = fcgi.ProcessEnv(r)["DOCUMENT_ROOT"]
	}
	a := h.take(root)
	defer h.giveBack(a)
	a.API.ServeHTTP(w, r)
}

// take gives the App for a request. Settings that changed count from this request on; whether the process ends
// after it is for the program.
func (h *Resident) take(root string) *using {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.app == nil || h.root != root || h.stale() || h.worthAnotherTry() {
		h.reload(root)
	}
	h.app.requests++
	return h.app
}

func (h *Resident) reload(root string) {
	place, log := h.place(root), h.Log
	if log == nil {
		log = os.Stderr
	}
	h.watchAll(place)
	h.loaded = time.Now()
	old := h.app
	h.app, h.root = &using{App: load(place, log, h.MaxConns)}, root
	h.app.Real, h.app.Version = h.Real, h.Version
	h.app.API.Metrics, h.app.API.Observe = h.Metrics, h.Observe
	h.app.AutoInstall(h.ServerSum)
	if s := autoinstall.ServerStatus(); h.Docroot != "" && s.Sudoers != nil {
		h.app.Log.Warn().Strs("files", s.Sudoers.Files).Msg(s.Sudoers.Message)
	}
	if file := h.app.Config.File; file != "" {
		if _, ok := h.watched[file]; !ok {
			h.watch(file)
		}
	}
	if old != nil {
		h.changed, old.replaced = true, true
		h.closeUnused(old)
	}
}

// place is where the panel lies that a request came for. On a server the program itself lies elsewhere.
func (h *Resident) place(root string) config.Place {
	if h.Docroot == "" {
		return config.Locate(root)
	}
	return PanelPlace(root)
}

// PanelPlace is where the panel below docroot lies, for a program that lies elsewhere.
func PanelPlace(docroot string) config.Place {
	return config.Place{ProgramDir: filepath.Join(docroot, "api"), Docroot: docroot, WebRoot: docroot}
}

func (h *Resident) giveBack(a *using) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a.requests--
	h.closeUnused(a)
}

func (h *Resident) closeUnused(a *using) {
	if !a.replaced || a.requests > 0 {
		return
	}
	log := h.app.Log
	go func() { // it may wait for the disk or the network, and nobody waits for it
		if err := a.Close(); err != nil {
			log.Debug().Err(err).Msg("cannot close the database of settings that were replaced")
		}
	}()
}

// watchAll notes the files that decide what a reload would read: before it reads them, so that a change in
// between is seen at the next request.
func (h *Resident) watchAll(place config.Place) {
	h.watched = map[string]os.FileInfo{}
	if exe, err := os.Executable(); err == nil && h.Docroot == "" {
		h.watch(exe)
	}
	if named := os.Getenv("VPM_CONFIG"); named != "" {
		h.watch(named)
		return
	}
	for _, path := range place.SettingsFiles() {
		h.watch(path)
	}
}

func (h *Resident) watch(path string) {
	info, err := os.Stat(path)
	if err != nil {
		info = nil // so that its coming to be is a change
	}
	h.watched[path] = info
}

// Stale tells whether the program or its settings are not those this process began with.
func (h *Resident) Stale() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed || h.stale()
}

func (h *Resident) stale() bool {
	for path, was := range h.watched {
		is, err := os.Stat(path)
		switch {
		case (err == nil) != (was != nil):
			return true
		case err == nil && !same(is, was):
			return true
		}
	}
	return false
}

// same tells whether a file is what it was, in its content as far as times tell, and in who may read it.
func same(is, was os.FileInfo) bool {
	owner := func(i os.FileInfo) uint32 {
		st, ok := i.Sys().(*syscall.Stat_t)
		if !ok {
			return 0
		}
		return st.Uid
	}
	return os.SameFile(is, was) && is.Size() == was.Size() && is.ModTime().Equal(was.ModTime()) && is.Mode() == was.Mode() && owner(is) == owner(was)
}

// worthAnotherTry tells whether settings could not be used a moment ago: the reason may lie outside of them, as a
// log that cannot be opened. A process of mod_fcgid ends soon anyway.
func (h *Resident) worthAnotherTry() bool {
	return h.Docroot != "" && h.app.broken && time.Since(h.loaded) > time.Second
}

// InForce tells what the settings in force bound a request by, and whether they name a database.
func (h *Resident) InForce() (requestTimeout time.Duration, database bool) {
	a := h.take(h.Docroot)
	defer h.giveBack(a)
	return a.Config.RequestTimeout, a.Config.Configured()
}

// Tick makes the periodic pass with the settings in force. Before set-up there is nothing to pass over.
func (h *Resident) Tick(ctx context.Context) (core.TickReport, error) {
	a := h.take(h.Docroot)
	defer h.giveBack(a)
	return a.Tick(ctx)
}

// Look hands what the settings in force lead to: the API's backend, and figures of the pool of connections. Before set-up
// it fails.
func (h *Resident) Look(look func(b *httpapi.Backend, pool sql.DBStats) error) error {
	a := h.take(h.Docroot)
	defer h.giveBack(a)
	b, err := a.API.Backend()
	if err != nil {
		return err
	}
	db, err := a.open()
	if err != nil {
		return err
	}
	return look(b, db.Stats())
}

// Close ends the connections of the settings in force, once no request is served any more.
func (h *Resident) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.app == nil {
		return nil
	}
	return h.app.Close()
}
