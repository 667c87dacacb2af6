package cms

import (
	"fmt"
	"testing"
)

func TestSplitHost(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"localhost":                    "localhost 0  true",
		"":                             "localhost 0  true",
		"127.0.0.1:3307":               "127.0.0.1 3307  true",
		"db.example.com":               "db.example.com 0  true",
		"db.example.com:3306":          "db.example.com 3306  true",
		"localhost:/run/m/mysqld.sock": " 0 /run/m/mysqld.sock true",
		"LocalHost:/run/m.sock":        " 0 /run/m.sock true",
		":/path.sock":                  " 0 /path.sock true",
		"unix:/path.sock":              " 0 /path.sock true",
		"localhost:3307:/run/m.sock":   " 0 /run/m.sock true",
		"127.0.0.1:/run/m.sock":        "127.0.0.1 0  true",
		":3307":                        "localhost 3307  true",
		"[::1]:3306":                   "::1 3306  true",
		"[::1]":                        "::1 0  true",
		"::1":                          "::1 0  true",
		"2001:db8::a":                  "2001:db8::a 0  true",
		"db:port":                      "db 0  true",
		"db:0":                         " 0  false",
		"db:65536":                     " 0  false",
		"db:99999999999999999999":      " 0  false",
		"db\n":                         " 0  false",
		"user@db":                      " 0  false",
		"unix:relative":                " 0 relative false",
	} {
		host, port, socket, ok := splitHost(s)
		if got := fmt.Sprintf("%s %d %s %v", host, port, socket, ok); got != want {
			t.Errorf("%q is %s; want %s", s, got, want)
		}
	}
}
