package app

import (
	"context"
	"net/http"
	"net/http/fcgi"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/httpapi"
)

// Load reads the settings of a program that is reached through documentRoot and wires an App. Where that is
// not possible it returns one that answers every request with the reason, so that people see it.
func Load(documentRoot string, maxConns int) *App {
	cfg, err := config.Load(config.Locate(documentRoot))
	if err != nil {
		return broken(&config.Config{Place: config.Locate(documentRoot), RequestTimeout: 10 * time.Second}, NewStderrLog(), err)
	}
	log, err := NewLog(cfg)
	if err != nil {
		return broken(cfg, log, err)
	}
	a, err := New(cfg, log, maxConns)
	if err != nil {
		return broken(cfg, log, err)
	}
	return a
}

func broken(cfg *config.Config, log zerolog.Logger, reason error) *App {
	api, err := httpapi.New(httpapi.API{
		Log:     log,
		Timeout: cfg.RequestTimeout,
		Backend: func() (*httpapi.Backend, error) { return nil, reason },
		Setup: httpapi.Setup{
			State:     func(context.Context) (core.SetupState, error) { return core.SetupState{}, reason },
			Run:       func(context.Context, core.SetupRequest) error { return reason },
			Try:       func(context.Context, core.SetupRequest) (bool, error) { return false, reason },
			ResetFile: func() (string, error) { return "", reason },
			Reset:     func(context.Context, core.ResetRequest) error { return reason },
		},
	}, nil)
	if err != nil { // only a trusted origin can be wrong, and there is none
		panic(err)
	}
	return &App{Config: cfg, Log: log, API: api}
}

// Resident is the handler of a FastCGI process. The document root comes with the requests, so the settings
// are read at the first one, and again at the next when they have changed; the process then ends.
type Resident struct {
	MaxConns int

	mu      sync.Mutex
	app     *App
	root    string
	watched map[string]os.FileInfo
	changed bool // since the process began
}

// ServeHTTP answers one request.
func (h *Resident) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.current(fcgi.ProcessEnv(r)["DOCUMENT_ROOT"]).API.ServeHTTP(w, r)
}

func (h *Resident) current(root string) *App {
	h.mu.Lock()
	defer h.mu.Unlock()
	// Settings that changed count from this request on; that the process ends after it is for the program.
	if h.app == nil || h.root != root || h.stale() {
		if h.app != nil {
			h.changed = true // other requests may still use the old one: it ends with the process
		}
		place := config.Locate(root)
		h.watched = map[string]os.FileInfo{}
		if exe, err := os.Executable(); err == nil {
			h.watch(exe)
		}
		for _, path := range place.SettingsFiles() {
			h.watch(path)
		}
		h.app, h.root = Load(root, h.MaxConns), root
		if h.app.Config.File != "" {
			h.watch(h.app.Config.File)
		}
	}
	return h.app
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
		case err == nil && !(os.SameFile(is, was) && is.Size() == was.Size() && is.ModTime().Equal(was.ModTime())):
			return true
		}
	}
	return false
}
