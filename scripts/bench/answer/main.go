// Command answer is the least a FastCGI server in Go can do that asks a database first: it runs the statements in its
// standard input (a JSON list) for each request, and answers what has the length in its last argument. The others are the
// socket to listen on, the database's DSN, and how many connections to keep to it, as vpm's server does.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"strconv"

	_ "github.com/go-sql-driver/mysql" // database/sql driver
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "answer:", err)
		os.Exit(1)
	}
}

func run(socket, source, connections, length string) error {
	var statements []string
	if err := json.NewDecoder(os.Stdin).Decode(&statements); err != nil {
		return err
	}
	n, err := strconv.Atoi(length)
	if err != nil {
		return err
	}
	conns, err := strconv.Atoi(connections)
	if err != nil {
		return err
	}
	db, err := sql.Open("mysql", source)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	answer := append([]byte(`{"success":true}`), bytes.Repeat([]byte(" "), max(0, n-16))...)
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	return fcgi.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, s := range statements {
			if err := read(r.Context(), db, s); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
}

func read(ctx context.Context, db *sql.DB, statement string) error {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(sql.RawBytes)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
	}
	return rows.Err()
}
