package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// roundTrips counts what each call waits for from MariaDB. That of a start has the SET of a change, which connecting had before.
func (b *bench) roundTrips(ctx context.Context) (err error) {
	socket := filepath.Join(b.dir, "counted.sock")
	p, err := newProxy(socket, b.server.Socket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	one, many := b.accounts.one[0], b.accounts.many[0]
	ofOne := 0
	var rows []row
	for i, call := range []struct {
		name string
		account
		request
		limit func() int
	}{
		{"stop.php", one, stop, nil},
		{"start.php", one, start, func() int { return 8 }},
		{"status.php", one, status, nil},
		{"list.php of 1", one, list, nil},
		{fmt.Sprint("list.php of ", manyInstances), many, list, func() int { return ofOne + 1 }},
	} {
		call.env = append(call.env, "VPM_DB_SOCKET="+socket)
		if _, _, err := call.run(ctx, call.token, call.request); err != nil {
			return err
		}
		t, err := p.take()
		if err != nil {
			return err
		}
		connecting, commands := t.split()
		if i == 0 {
			rows = append(rows, row{"connecting", t.handshake + len(connecting),
				strings.Join(append([]string{fmt.Sprint(t.handshake, " handshake")}, connecting...), ", "), "", ""})
		}
		if call.name == "list.php of 1" {
			ofOne = len(commands)
		}
		cells := row{call.name, len(commands), strings.Join(commands, ", "), "", ""}
		if call.limit != nil {
			cells[3], cells[4] = fmt.Sprint("<= ", call.limit()), verdict(len(commands) <= call.limit())
		}
		rows = append(rows, cells)
	}
	return b.print("Round trips to MariaDB", []string{"n", "what", "goal", "verdict"}, rows)
}

// split takes off what belongs to connecting: the settings of the session that come before any work.
func (t traffic) split() (connecting, commands []string) {
	for i, c := range t.commands {
		if c != "SET" {
			return t.commands[:i], t.commands[i:]
		}
	}
	return t.commands, nil
}
