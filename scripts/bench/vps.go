package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/scripts/vpslab"
)

//go:embed select_many.php
var selectManyPage string

const (
	vpsDocroot = "/home/shop/public_html"
	vpsConns   = 8 // to the database, as fcgi's serve has them and as many PHP processes
	movedSite  = "moved"
	movedUnit  = "vpm-php@" + movedSite + ".service"
)

const vpsSite = `<VirtualHost *:80>
  ServerName shop.test
  DocumentRoot ` + vpsDocroot + `
  <Directory ` + vpsDocroot + `>
    Require all granted
    AllowOverride All
  </Directory>
  <Location /select.php>
    SetHandler "proxy:unix:/run/bench/php.sock|fcgi://php"
  </Location>
  <Location /answer.php>
    SetHandler "proxy:unix:/run/bench/answer.sock|fcgi://answer"
  </Location>
</VirtualHost>
`

// vps is a server with vpm installed on it, and with what it is compared with.
type vps struct {
	*vpslab.VPS
	site
	database
	token string
}

// bootVPS boots a server and goes the way to real mode: an upload, set-up, the installation, and a site that is moved.
func (b *bench) bootVPS(ctx context.Context) (_ *vps, err error) {
	v, err := vpslab.Boot(vpslab.Options{})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, errors.New(v.Journal("vpm.service")), v.Stop())
		}
	}()
	s := &vps{VPS: v, site: site{"http://shop.test", &http.Client{Timeout: time.Minute,
		Transport: &http.Transport{DialContext: v.Dial, MaxIdleConnsPerHost: mostClients, DisableCompression: true}}}}
	if err := s.furnish(ctx, b.built); err != nil {
		return nil, err
	}
	if s.token, err = s.setUp(ctx, s.site); err != nil {
		return nil, err
	}
	if err := s.sh(ctx, "/opt/vpm install --from "+vpsDocroot+"/api"); err != nil {
		return nil, err
	}
	return s, s.move(ctx)
}

func (s *vps) sh(ctx context.Context, script string) error {
	_, err := s.Run(ctx, "bash", "-e", "-c", script)
	return err
}

// furnish puts the upload in place, and a database and Apache.
func (s *vps) furnish(ctx context.Context, built programs) error {
	for from, to := range map[string]string{built.vpm: "/api/vpm.cgi", filepath.Join(built.root, "public_html/api/.htaccess"): "/api/.htaccess"} {
		if err := s.CopyIn(from, vpsDocroot+to); err != nil {
			return err
		}
	}
	err := errors.Join(s.CopyIn(built.serve, "/opt/vpm"), s.CopyIn(built.answer, "/opt/answer"),
		s.WriteFile(vpsDocroot+"/"+movedSite+"/index.php", []byte("<?php echo 'moved';"), 0o644))
	if err != nil {
		return err
	}
	socket, err := s.MariaDB(ctx)
	if err != nil {
		return err
	}
	const name, password = "panel", "db-pass"
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName, c.User, c.Passwd = "unix", s.Root()+socket, name, name, password
	s.database = database{label: "MariaDB", driver: "mysql", source: c.FormatDSN(), root: s.Root(), choice: map[string]string{"db_driver": "mysql",
		"db_host": "localhost", "db_socket": socket, "db_name": name, "db_user": name, "db_password": password}}
	err = s.sh(ctx, "chown -R www-data: /home/shop; install -d -o www-data /run/bench; a2enmod -q cgid; "+
		`mariadb -e "CREATE DATABASE panel; CREATE USER panel@localhost IDENTIFIED BY 'db-pass'; GRANT ALL ON panel.* TO panel@localhost"`)
	if err != nil {
		return err
	}
	return s.Apache(ctx, vpsSite)
}

// move registers a site and gives it a process of its own.
func (s *vps) move(ctx context.Context) error {
	_, err := s.call(ctx, s.token, request{"POST", "/api/instances/create.php", `{"instance_id":"` + movedSite + `","instance_name":"Moved","cms_type":"native",` +
		`"domain":"shop.test","path_prefix":"/` + movedSite + `","database_name":"none","path":"` + vpsDocroot + "/" + movedSite + `"}`, `"success":true`})
	if err == nil {
		_, err = s.call(ctx, s.token, request{"POST", "/api/instances/move.php", `{"instance_id":"` + movedSite + `","operation":"move"}`, `"vpm-` + movedSite + `"`})
	}
	return err
}

// statements gives what one request sends to the database, by the database's own log.
func (s *vps) statements(ctx context.Context, r request) (list []string, length int, err error) {
	if _, err := s.call(ctx, s.token, r); err != nil {
		return nil, 0, err
	}
	if err := s.sh(ctx, `mariadb -e "SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log; SET GLOBAL general_log = ON"`); err != nil {
		return nil, 0, err
	}
	body, err := s.call(ctx, s.token, r)
	if err != nil {
		return nil, 0, err
	}
	text, err := s.Run(ctx, "mariadb", "-N", "-r", "-e", `SET GLOBAL general_log = OFF;
		SELECT JSON_ARRAYAGG(CONVERT(argument USING utf8mb4) ORDER BY event_time) FROM mysql.general_log WHERE user_host LIKE 'panel%' AND command_type = 'Query'`)
	if err == nil {
		err = json.Unmarshal([]byte(text), &list)
	}
	if err == nil && len(list) == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("cannot see what %s asks the database: %w", r.path, err)
	}
	return list, len(body), nil
}

// yardsticks starts what vpm is compared with: PHP-FPM with a page, and a FastCGI server, both on the same statements.
func (s *vps) yardsticks(ctx context.Context, statements []string, length int) error {
	page := phpPage(statements, s.choice)
	list, err := json.Marshal(statements)
	if err != nil {
		return err
	}
	pool := fmt.Sprintf("[global]\nerror_log = syslog\n[bench]\nuser = www-data\nlisten = /run/bench/php.sock\nlisten.owner = www-data\npm = static\npm.max_children = %d\n", vpsConns)
	for path, text := range map[string]string{vpsDocroot + "/select.php": page, "/etc/bench.json": string(list), "/etc/bench-fpm.conf": pool} {
		if err := s.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return s.sh(ctx, fmt.Sprintf(`systemd-run -q -p Type=notify --unit=bench-php $(ls /usr/sbin/php-fpm* | tail -n1) --nodaemonize --fpm-config /etc/bench-fpm.conf
		systemd-run -q --uid=www-data --unit=bench-answer -p StandardInput=file:/etc/bench.json /opt/answer /run/bench/answer.sock 'panel:db-pass@unix(%s)/panel' %d %d
		until [ -S /run/bench/answer.sock ]; do sleep 0.01; done`, s.choice["db_socket"], vpsConns, length))
}
