package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"

	"vpm/scripts/lab"
)

// instance is the one that every account has.
const instance = "site-0001"

// The requests that are measured.
var (
	start  = request{"POST", "/api/instances/start.php", `{"instance_id":"` + instance + `"}`, `"changed":true`}
	stop   = request{"POST", "/api/instances/stop.php", `{"instance_id":"` + instance + `"}`, `"changed":true`}
	status = request{"GET", "/api/instances/status.php?instance_id=" + instance, "", `"success":true`}
	login  = request{"POST", "/api/auth/login.php", `{"username":"admin","password":"correct horse battery"}`, `"token"`}
	list   = request{"GET", "/api/instances/list.php", "", `"success":true`}

	monitor   = request{"GET", "/api/instances/monitor.php?instance_id=" + instance, "", `"success":true`}
	restart   = request{"POST", "/api/instances/restart.php", `{"instance_id":"` + instance + `"}`, `"changed":true`}
	stopBlind = request{"POST", "/api/instances/stop.php", `{"instance_id":"` + instance + `","verify":false}`, `"changed":true`}
)

// request is one call of the API. A status other than 2xx, and an answer without wants, are errors.
type request struct{ method, path, body, wants string }

// caller makes requests, with a token unless that is empty, and gives the body of the answer.
type caller interface {
	call(ctx context.Context, token string, r request) ([]byte, error)
}

// database is what an account keeps its state in.
type database struct {
	label          string            // as the table has it
	choice         map[string]string // as set-up is told it
	driver, source string            // for database/sql; set-up finds where SQLite's file is
	root           string            // of the machine that vpm is on, as seen from here; "": this one's
}

func sqliteDatabase() database {
	return database{label: "SQLite", choice: map[string]string{"db_driver": "sqlite"}, driver: "sqlite"}
}

func mariaDatabase(server *lab.MariaDB, name string) (database, error) {
	user, password, err := server.CreateDatabase(name)
	if err != nil {
		return database{}, err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User, c.Passwd = "unix", server.Socket, name, user, password
	return database{label: "MariaDB", driver: "mysql", source: c.FormatDSN(), choice: map[string]string{"db_driver": "mysql",
		"db_host": "localhost", "db_socket": server.Socket, "db_name": name, "db_user": user, "db_password": password}}, nil
}

// setUp does what people do after an upload, by the API: it chooses the database, logs in and registers an
// instance. It gives the token of the login.
func (d *database) setUp(ctx context.Context, c caller) (token string, err error) {
	var answer struct {
		CodeFile string `json:"code_file"`
		Token    string
	}
	ask := func(method, path string, fields map[string]string) {
		if err != nil {
			return
		}
		body, _ := json.Marshal(fields) // strings always can be
		var text []byte
		if text, err = c.call(ctx, answer.Token, request{method, path, string(body), ""}); err == nil {
			err = json.Unmarshal(text, &answer)
		}
	}
	ask("GET", "/api/setup.php", nil)
	if err != nil {
		return "", fmt.Errorf("cannot set up: %w", err)
	}
	code, err := os.ReadFile(d.root + answer.CodeFile)
	if err != nil {
		return "", fmt.Errorf("cannot set up: %w", err)
	}
	if d.driver == "sqlite" {
		d.source = filepath.Join(filepath.Dir(answer.CodeFile), "vpm.sqlite")
	}
	setup := map[string]string{"username": "admin", "password": "correct horse battery"}
	login := map[string]string{"username": "admin", "password": "correct horse battery"}
	for name, value := range d.choice {
		setup[name] = value
	}
	setup["code"], _, _ = strings.Cut(string(code), "\n")
	ask("POST", "/api/setup.php", setup)
	ask("POST", "/api/auth/login.php", login)
	ask("POST", "/api/instances/create.php", map[string]string{"instance_id": instance, "instance_name": "Site 1",
		"cms_type": "wordpress", "domain": "site-0001.test", "database_name": "site_0001"})
	if err != nil {
		return "", fmt.Errorf("cannot set up on %s: %w", d.label, err)
	}
	return answer.Token, nil
}
