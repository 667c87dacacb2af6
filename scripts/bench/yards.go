package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// phpPages writes pages that ask a's database what vpm's calls ask it. program is what runs them.
func (b *bench) phpPages(ctx context.Context, a account, docroot, program string, resident bool) (yards []yard, err error) {
	for _, call := range []struct {
		name string
		request
	}{{"status", status}, {"list", list}} {
		statements, err := b.statementsOf(ctx, a, call.request)
		if err != nil {
			return nil, err
		}
		page := phpPage(statements, a.choice)
		if err := os.WriteFile(filepath.Join(docroot, "ask-"+call.name+".php"), []byte(page), 0o644); err != nil {
			return nil, fmt.Errorf("cannot write a page: %w", err)
		}
		name := fmt.Sprintf("%s, the %d statements of %s.php", program, len(statements), call.name)
		ask := request{"GET", "/ask-" + call.name + ".php", "", `"success":true`}
		y := yard{name: name, program: program, request: ask}
		if !resident {
			y.program = ""
		}
		yards = append(yards, y)
		ask.path += "?persistent=1"
		if program == "php-fpm" {
			yards = append(yards, yard{name: name + ", kept connection", program: program, request: ask})
		}
	}
	return yards, nil
}

// statementsOf gives what one call asks the database once it is connected, as a proxy sees it.
func (b *bench) statementsOf(ctx context.Context, a account, r request) (_ []string, err error) {
	socket := filepath.Join(b.dir, "statements.sock")
	p, err := newProxy(socket, b.server.Socket)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	a.env = append(a.env, "VPM_DB_SOCKET="+socket)
	if _, _, err := a.run(ctx, a.token, r); err != nil {
		return nil, err
	}
	t, err := p.take()
	if err != nil {
		return nil, err
	}
	connecting, _ := t.split()
	return t.statements[len(connecting):], nil
}

func phpPage(statements []string, choice map[string]string) string {
	quoted := make([]string, len(statements))
	for i, text := range statements {
		quoted[i] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	return strings.NewReplacer("{SOCKET}", choice["db_socket"], "{DATABASE}", choice["db_name"], "{USER}", choice["db_user"],
		"{PASSWORD}", choice["db_password"], "{STATEMENTS}", "["+strings.Join(quoted, ", ")+"]").Replace(selectManyPage)
}

// biggest is the memory of the largest process whose name begins so, in MB.
func biggest(program string) (float64, error) {
	d, err := look()
	most := 0.0
	for name, mb := range d.rss {
		if name == program || program != "vpm" && strings.HasPrefix(name, program) {
			most = max(most, mb)
		}
	}
	return most, err
}
