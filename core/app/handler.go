package app

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/httpapi"
)

// Load reads the settings of a program that is reached through documentRoot and wires an App. Where that is
// not possible it returns one that answers every request with the reason, so that people see it.
func Load(documentRoot string, maxConns int) *App {
	return load(config.Locate(documentRoot), os.Stderr, maxConns)
}

// LoadPanel is Load for a program that lies elsewhere than the panel below docroot.
func LoadPanel(docroot string, w io.Writer, maxConns int) *App {
	return load(PanelPlace(docroot), w, maxConns)
}

// load is Load for a program that lies at place. The log goes to w where the settings name no file.
func load(place config.Place, w io.Writer, maxConns int) *App {
	cfg, err := config.Load(place)
	if err != nil {
		return broken(&config.Config{Place: place, RequestTimeout: 10 * time.Second}, newLog(w), err)
	}
	log, file, err := openLog(cfg, w)
	if err != nil {
		return broken(cfg, log, err)
	}
	a, err := New(cfg, log, maxConns)
	if err != nil {
		a = broken(cfg, log, err)
	}
	a.logFile = file
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
	return &App{Config: cfg, Log: log, API: api, broken: true}
}
