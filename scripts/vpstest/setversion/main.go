// Command setversion writes the version of the tables into an embedded database, for tests: "setversion FILE VERSION".
package main

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strconv"

	_ "modernc.org/sqlite"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "setversion:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("cannot understand %q", args)
	}
	version, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	file := url.URL{Scheme: "file", Opaque: args[0], RawQuery: "mode=rw&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(fmt.Sprintf("PRAGMA user_version = %d", version))
	return err
}
