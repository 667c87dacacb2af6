package app

import (
	"io"
	"os"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/config"
)

// NewLog opens the log: a file where the settings name one, else stderr. Under CGI stdout is the response,
// and stderr the web server's error log.
func NewLog(cfg *config.Config) (zerolog.Logger, error) {
	var w io.Writer = os.Stderr
	if cfg.LogFile != "" {
		f, err := os.OpenFile(cfg.LogFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return NewStderrLog(), core.Errorf(core.CodeUnavailable, "cannot write the log %s", cfg.LogFile).Because(err)
		}
		w = f
	}
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel
	}
	return zerolog.New(w).Level(level).With().Timestamp().Str("program", "vpm").Logger(), nil
}

// NewStderrLog is the log of a program that could not read its settings.
func NewStderrLog() zerolog.Logger {
	return zerolog.New(os.Stderr).With().Timestamp().Str("program", "vpm").Logger()
}
