package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"vpm/fcgi/cli"
)

// The settings file and the document root of the panel where nothing else is said: Debian's for the latter.
const (
	usualConfig  = "/etc/vpm/vpm.env"
	usualDocroot = "/var/www/html"
)

// newServe is "vpm serve".
func newServe() *cobra.Command {
	o := options{notify: notify}
	config := os.Getenv("VPM_CONFIG")
	if config == "" {
		config = usualConfig
	}
	var listen []string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer the web server over FastCGI",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.log = stderrLog()
			return serveCommand(cmd.Context(), o, config, listen)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config, "config", config, "the settings `file`")
	flags.StringVar(&o.docroot, "docroot", usualDocroot, "the document root below which the panel's URLs lie")
	flags.IntVar(&o.running, "running", 32, "how many requests run at once")
	flags.IntVar(&o.waiting, "waiting", 128, "how many more wait; the others are answered 503")
	flags.DurationVar(&o.drain, "drain", 20*time.Second, "how long requests in flight may take at the end")
	flags.StringArrayVar(&listen, "listen", nil, "a `socket`: unix:/path or tcp:127.0.0.1:port; may be repeated, and is besides those of systemd")
	return cmd
}

// serveCommand serves with what the environment and the arguments say.
func serveCommand(ctx context.Context, o options, config string, listen []string) error {
	if o.running < 1 || o.waiting < 0 {
		return &usageError{errors.New("cannot use --running and --waiting: one request must run, and none may wait")}
	}
	if !filepath.IsAbs(config) || !filepath.IsAbs(o.docroot) {
		return &usageError{errors.New("cannot use --config and --docroot: both must be absolute paths")}
	}
	if err := os.Setenv("VPM_CONFIG", config); err != nil { // where the settings are looked for first
		return fmt.Errorf("cannot use --config: %w", err)
	}
	var err error
	if o.watchdog, err = daemon.SdWatchdogEnabled(true); err != nil {
		return fmt.Errorf("cannot read what systemd says of its watchdog: %w", err)
	}
	if o.sockets, err = openSockets(listen); err != nil {
		return err
	}
	return serve(ctx, o)
}

// notify tells systemd, where it asked to be told. It cannot be told that this failed.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }

// stderrLog is the journal, or a person's terminal.
func stderrLog() io.Writer {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}
	}
	return os.Stderr
}
