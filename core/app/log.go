package app

import (
	"io"
	"os"

	"github.com/rs/zerolog"

	"vpm/core"
	"vpm/core/config"
)

// openLog opens the log: a file where the settings name one, else w. Under CGI stdout is the response, and stderr
// the web server's error log. The file is nil where there is none.
func openLog(cfg *config.Config, w io.Writer) (zerolog.Logger, *os.File, error) {
	var file *os.File
	if cfg.LogFile != "" {
		var err error
		file, err = os.OpenFile(cfg.LogFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return newLog(w), nil, core.Errorf(core.CodeUnavailable, "cannot write the log %s", cfg.LogFile).Because(err)
		}
		w = file
	}
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel
	}
	return newLog(w).Level(level), file, nil
}

// newLog is also the log of a program that could not read its settings.
func newLog(w io.Writer) zerolog.Logger {
	return zerolog.New(w).With().Timestamp().Str("program", "vpm").Logger()
}
