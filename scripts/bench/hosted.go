package main

import (
	"context"
	"errors"
	"path/filepath"

	"vpm/scripts/lab"
)

// onCGI measures CGI through Apache, mod_cgid and suEXEC.
func (b *bench) onCGI(ctx context.Context, d database, measure func(stage, []yard) error) error {
	return b.onHost(ctx, "Apache, mod_cgid, suEXEC", lab.Options{PHP: true}, d, measure)
}

// onFCGID measures the same program under mod_fcgid.
func (b *bench) onFCGID(ctx context.Context, d database, measure func(stage, []yard) error) error {
	return b.onHost(ctx, "Apache, mod_fcgid, suEXEC", lab.Options{PHP: true, FCGID: true}, d, measure)
}

func (b *bench) onHost(ctx context.Context, name string, options lab.Options, d database, measure func(stage, []yard) error) (err error) {
	h, err := b.host(ctx, options, b.built.vpm, d)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, errors.New(h.ErrorLog()))
		}
		err = errors.Join(err, h.Stop())
	}()
	var yards []yard
	if d.driver == "mysql" {
		if err := h.writePages(b.built.hello); err != nil {
			return err
		}
		asked := account{h.database, process{file: filepath.Join(h.Docroot, "api", "vpm.cgi"), docroot: h.Docroot}, h.token}
		if yards, err = b.phpPages(ctx, asked, h.Docroot, "php-cgi", options.FCGID); err != nil {
			return err
		}
	}
	s := stage{name: name, caller: h.site, database: h.database, token: h.token, instances: filepath.Join(h.Home, "instances"),
		own: func() error { return h.Chown(h.Home) }}
	if options.FCGID {
		s.rss = func(context.Context, request) (float64, error) { return biggest("vpm.cgi") }
	} else {
		s.uncounted = true
		yards = append(yards, yard{name: "Go CGI hello", request: request{"GET", "/hello/hello.cgi", "", "hello"}})
		err = copyProgram(b.built.hello, filepath.Join(h.Docroot, "hello", "hello.cgi"))
		if b.built.static != "" {
			yards = append(yards, yard{name: "C, static", request: request{"GET", "/hello/static.cgi", "", "hello"}})
			err = errors.Join(err, copyProgram(b.built.static, filepath.Join(h.Docroot, "hello", "static.cgi")))
		}
		if err := errors.Join(err, h.Chown(h.Docroot)); err != nil {
			return err
		}
	}
	for i := range yards {
		yards[i].caller = h.site
	}
	return measure(s, yards)
}

// onProcess measures processes without a web server.
func (b *bench) onProcess(ctx context.Context, d database, measure func(stage, []yard) error) error {
	a, err := b.newAccount(ctx, "calls-process-"+d.label, d, 1)
	if err != nil {
		return err
	}
	hello, static := a.process, a.process
	hello.file, static.file = filepath.Join(a.docroot, "hello", "hello.cgi"), filepath.Join(a.docroot, "hello", "static.cgi")
	yards := []yard{{name: "Go CGI hello", caller: hello, request: request{"GET", "/hello/hello.cgi", "", "hello"}}}
	err = copyProgram(b.built.hello, hello.file)
	if b.built.static != "" {
		yards = append([]yard{{name: "C, static", caller: static, request: request{"GET", "/hello/static.cgi", "", "hello"}}}, yards...)
		err = errors.Join(err, copyProgram(b.built.static, static.file))
	}
	if err != nil {
		return err
	}
	return measure(stage{name: "CGI process", caller: a.process, database: a.database, token: a.token, instances: filepath.Join(filepath.Dir(a.docroot), "instances"),
		rss: func(ctx context.Context, r request) (float64, error) { return a.runPeak(ctx, b.built.peak, a.token, r) }}, yards)
}
