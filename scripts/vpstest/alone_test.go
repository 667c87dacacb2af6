package vpstest

import (
	"context"
	"os"
	"strings"
)

// wantAsLeft stops every other site and reboots with neither the server nor the database: what was wanted running runs,
// what was stopped stays closed.
func (s *server) wantAsLeft() {
	var odd []string
	for i := 1; i < sites; i += 2 {
		odd = append(odd, siteID(i))
	}
	s.call("POST", "instances/bulk.php", map[string]any{"action": "stop", "instance_ids": odd, "reason": "over night"})
	s.sh("systemctl disable -q vpm.service vpm.socket mariadb")
	s.reboot()
	if up := s.sh("systemctl is-active vpm.service vpm.socket mariadb || true"); strings.Count(up, "inactive") != 3 {
		s.t.Fatalf("server, socket and database: %s", up)
	}
	for i := range sites {
		stopped := i%2 == 1
		state := s.sh("systemctl is-active " + siteUnit(i) + " || true")
		a := s.get(siteURL(i))
		if stopped && (a.status != 503 || !strings.Contains(a.text, "over night") || state != "inactive") || !stopped && (!isSite(i, a) || state != "active") {
			s.t.Errorf("after the reboot %s is %s and says %v", siteID(i), state, a)
		}
		if stopped {
			if a := s.get(siteURL(i) + "style.css"); a.status != 503 {
				s.t.Errorf("a file of the stopped %s: %v", siteID(i), a)
			}
		}
	}
	s.sh("systemctl enable -q --now mariadb vpm.socket vpm.service")
	for i := range sites {
		want := map[bool]string{true: "stopped", false: "running"}[i%2 == 1]
		if status := s.siteStatus(i); status["wanted"] != want || status["observed"] != want || status["drift"] != false {
			s.t.Errorf("the server is back, and %s is %v", siteID(i), status)
		}
	}
}

// wantNoSudo wants sudo to give nothing to anybody of vpm's where polkit is there, and by the rule for where it is not
// only what the rule is for.
func (s *server) wantNoSudo() {
	users := []string{"vpmd", "www-data", "vpm-" + siteID(0)}
	for _, user := range users {
		for _, command := range []string{"-l", "true", "systemctl start vpm-php@site01.service", "systemctl link /tmp/x.service", "php-fpm8.2 -t", "-u vpm-site01 id", "-e /etc/shadow"} {
			if out, err := s.RunAs(s.limited(), user, "sudo", append([]string{"-n"}, strings.Fields(command)...)...); err == nil {
				s.t.Errorf("%s: sudo %s: %s", user, command, out)
			}
		}
	}
	rule, err := os.ReadFile("../../core/install/sudoers-vpm")
	if err != nil {
		s.t.Fatal(err)
	}
	const file = "/etc/sudoers.d/vpm"
	if err := s.WriteFile(file, rule, 0o440); err != nil {
		s.t.Fatal(err)
	}
	defer s.sh("rm " + file)
	s.sh("visudo -c -q")
	for _, user := range users {
		for _, command := range allowedBySudo {
			if may := s.mayBySudo(user, command); may != (user == "vpmd") {
				s.t.Errorf("%s: %q: %v", user, command, may)
			}
		}
		for _, command := range refusedBySudo {
			if s.mayBySudo(user, command) {
				s.t.Errorf("%s may %q", user, command)
			}
		}
	}
}

var allowedBySudo = [][]string{
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "reset-failed", "vpm-php@abcdefghijklmnopqrstuvwx.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-provision@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-gate@a.service"},
}

var refusedBySudo = [][]string{
	{"/bin/sh"}, {"/usr/bin/systemctl"}, {"/usr/sbin/php-fpm8.2", "-t"},
	{"/usr/bin/systemctl", "start", "vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "apache2.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@a.service", "apache2.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@a.service apache2.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@a.service\napache2.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "apache2.service vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@abcdefghijklmnopqrstuvwxy.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@A.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@*.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "start", "vpm-php@axservice"},
	{"/usr/bin/systemctl", "--no-ask-password", "kill", "vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "enable", "vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "edit", "vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "set-property", "vpm-php@a.service", "MemoryMax=1T"},
	{"/usr/bin/systemctl", "--no-ask-password", "isolate", "rescue.target"},
	{"/usr/bin/systemctl", "--no-ask-password", "link", "/tmp/x.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "daemon-reload"},
	{"/usr/bin/systemctl", "--no-ask-password", "stop", "vpm-provision@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "restart", "vpm-gate@a.service"},
	{"/usr/bin/systemctl", "--root=/tmp", "--no-ask-password", "start", "vpm-php@a.service"},
	{"/usr/bin/systemctl", "--no-ask-password", "--host=x", "start", "vpm-php@a.service"},
}

// mayBySudo asks sudo whether a user may run a command as root, without running it.
func (s *server) mayBySudo(user string, command []string) bool {
	_, err := s.Run(context.WithoutCancel(s.t.Context()), "sudo", append([]string{"-n", "-U", user, "-l", "--"}, command...)...)
	return err == nil
}
