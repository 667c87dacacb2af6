package lab

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// Database is one of a MariaDB, and the user who has all rights on it and none elsewhere.
type Database struct{ Socket, Name, User, Password string }

var databases atomic.Int64

// NewDatabase makes an empty database whose name no other has.
func (db *MariaDB) NewDatabase(t testing.TB) Database {
	t.Helper()
	name := fmt.Sprintf("lab_%d", databases.Add(1))
	user, password, err := db.CreateDatabase(name)
	if err != nil {
		t.Fatal(err)
	}
	return Database{Socket: db.Socket, Name: name, User: user, Password: password}
}

// Choice is how set-up is told of the database.
func (d Database) Choice() map[string]any {
	return map[string]any{"db_driver": "mysql", "db_socket": d.Socket, "db_name": d.Name, "db_user": d.User, "db_password": d.Password}
}
