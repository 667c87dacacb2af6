package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vpm/scripts/lab"
)

//go:embed select.php
var selectPage string

const phpWrapper = "#!/bin/sh\nPHP_FCGI_MAX_REQUESTS=0 exec /usr/bin/php-cgi\n"

// hosted is a shared host with vpm set up on it.
type hosted struct {
	*lab.Host
	site
	database
	token string
}

// host starts a shared host and sets vpm up there, over HTTP, on d.
func (b *bench) host(ctx context.Context, options lab.Options, program string, d database) (_ *hosted, err error) {
	host, err := lab.StartHost(options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, errors.New(host.ErrorLog()), host.Stop())
		}
	}()
	h := &hosted{host, newSite(host.URL), d, ""}
	if err := b.built.install(host.Docroot, program); err != nil {
		return nil, err
	}
	if err := host.Chown(host.Docroot); err != nil {
		return nil, err
	}
	h.token, err = h.setUp(ctx, h.site)
	return h, err
}

// writePages adds what vpm is compared with: a static file, hello, and the PHP page on vpm's own MariaDB tables.
func (h *hosted) writePages(hello string) error {
	page := selectPage
	for field, name := range map[string]string{"db_socket": "{SOCKET}", "db_name": "{DATABASE}", "db_user": "{USER}", "db_password": "{PASSWORD}"} {
		page = strings.ReplaceAll(page, name, h.choice[field])
	}
	for name, text := range map[string]string{"static.txt": strings.Repeat("static\n", 300), "select.php": page} {
		if err := os.WriteFile(filepath.Join(h.Docroot, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("cannot write a page: %w", err)
		}
	}
	// PHP ends after 500 requests by itself, and mod_fcgid answers the one after that with 500.
	if err := os.WriteFile(filepath.Join(h.Home, "php", "php.cgi"), []byte(phpWrapper), 0o755); err != nil {
		return fmt.Errorf("cannot write the PHP wrapper: %w", err)
	}
	if err := copyProgram(hello, filepath.Join(h.Docroot, "hello", "hello.cgi")); err != nil {
		return err
	}
	return h.Chown(h.Docroot)
}

const selectQuery = "/select.php?instance_id=" + instance

// apache measures CGI through suEXEC.
func (b *bench) apache(ctx context.Context) error {
	vpm := &page{name: "vpm status.php, MariaDB", request: status}
	php := &page{name: "php-cgi, one PDO SELECT", request: request{"GET", selectQuery, "", `"success":true`}}
	pages := []*page{
		{name: "static file", request: request{"GET", "/static.txt", "", "static"}},
		{name: "Go CGI hello", request: request{"GET", "/hello/hello.cgi", "", "hello"}},
		vpm, php,
	}
	if err := b.serve(ctx, "cgi", lab.Options{PHP: true}, vpm, pages); err != nil {
		return err
	}
	return b.print("Apache, suEXEC, CGI", webHead, rows(pages, php, vpm, 3))
}

// fcgid measures programs that stay.
func (b *bench) fcgid(ctx context.Context) error {
	vpm := &page{name: "vpm status.php, MariaDB", request: status}
	php := &page{name: "PHP, one PDO SELECT, new connection", request: request{"GET", selectQuery, "", `"success":true`}}
	pages := []*page{
		vpm, php,
		{name: "PHP, the same, kept connection", request: request{"GET", selectQuery + "&persistent=1", "", `"success":true`}},
	}
	if err := b.serve(ctx, "fcgid", lab.Options{PHP: true, FCGID: true}, vpm, pages); err != nil {
		return err
	}
	return b.print("Apache, suEXEC, mod_fcgid", webHead, rows(pages, php, vpm, 0.5))
}

// serve measures pages on a host of their own, which has vpm on the database name.
func (b *bench) serve(ctx context.Context, name string, options lab.Options, vpm *page, pages []*page) (err error) {
	d, err := mariaDatabase(b.server, name)
	if err != nil {
		return err
	}
	h, err := b.host(ctx, options, b.built.vpm, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Stop()) }()
	vpm.token = h.token
	if err := h.writePages(b.built.hello); err != nil {
		return err
	}
	if err := h.measure(ctx, b.rounds, pages); err != nil {
		return fmt.Errorf("cannot measure under Apache: %w\n%s", err, h.ErrorLog())
	}
	return nil
}
