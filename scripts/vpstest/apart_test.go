package vpstest

import (
	"fmt"
	"strings"
)

// intruder is what a site's PHP does to get at others: it says what it got at, and "own" where it could work at all.
// Started by a shell it has the user's rights alone, without what the unit keeps from it.
const intruder = `<?php
$unit = PHP_SAPI !== 'cli';
$files = ['/srv/vpm/OTHER/web/htdocs/index.php', '/srv/vpm/OTHER/web/.htaccess', '/srv/vpm/OTHER/logs/php.log', '/srv/vpm', '/srv/vpm/OTHER', '/etc/vpm/vpm.env', '/etc/vpm/pools',
  '/home/shop/vpm.env', '/var/lib/vpm/requests', '/var/lib/vpm/requests/OTHER.json', '/var/lib/vpm/results', '/var/lib/vpm/results/OTHER.json', '/var/lib/vpm/provision',
  '/etc/shadow', '/root', '/proc/OTHERPID/environ', '/proc/OTHERPID/cwd/index.php', '/proc/SERVERPID/environ', '/proc/SERVERPID/mem'];
if ($unit) array_push($files, '/var/lib/vpm/wanted', '/var/lib/vpm/wanted/OTHER', '/proc/OTHERPID/cmdline', '/proc/SERVERPID/cmdline', '/etc/sudoers.d', '/home/shop');
foreach ($files as $f) {
  if (!@is_dir($f) && @file_get_contents($f) !== false) echo "READ $f\n";
  if (@file_put_contents($f, 'x', FILE_APPEND) !== false) echo "WROTE $f\n";
  $list = @scandir($f);
  if ($list && !($f === '/srv/vpm' && !array_diff($list, ['.', '..', 'OWN']))) echo "LISTED $f\n";
}
foreach (['/run/vpm/OTHER/php.sock', '/run/vpm/OTHER/status.sock', '/run/vpmd/vpm.sock'] as $s)
  if (@stream_socket_client("unix://$s", $n, $e, 1)) echo "CONNECTED $s\n";
foreach ([OTHERPID, SERVERPID] as $p) if (@posix_kill($p, 0)) echo "MAY KILL $p\n";
if ($unit) foreach (scandir('/proc') as $p) if (ctype_digit($p) && @fileowner("/proc/$p") !== posix_geteuid()) echo "SEES $p\n";
echo count(scandir('/run/vpm/OWN') ?: []) < 3 ? '' : "own socket\n";
echo @file_put_contents('/srv/vpm/OWN/web/htdocs/own.txt', 'x') ? "own file\n" : '';
`

// wantApart has a site's PHP, without open_basedir, which is no boundary, try to get at another's files, sockets and
// processes, and at the server's.
func (s *server) wantApart() {
	const own, other = 10, 11
	pid := func(unit string) string { return s.sh("systemctl show -p MainPID --value " + unit) }
	text := strings.NewReplacer("OTHERPID", pid(siteUnit(other)), "SERVERPID", pid("vpm.service"), "OTHER", siteID(other), "OWN", siteID(own)).Replace(intruder)
	try := "/srv/vpm/" + siteID(own) + "/web/htdocs/try.php"
	if err := s.WriteFile(try, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	pool := fmt.Sprintf("/etc/vpm/pools/%s.conf", siteID(own))
	s.sh("sed -i.kept 's/^php_admin_value.open_basedir/;&/' " + pool + "; ! grep -q '^php_admin_value.open_basedir' " + pool)
	s.sh("systemctl restart " + siteUnit(own)) // the server would write the pool anew
	for _, unit := range []bool{true, false} {
		got := ""
		if unit {
			got = s.get(siteURL(own) + "try.php").text
		} else {
			out, err := s.RunAs(s.limited(), "vpm-"+siteID(own), "php", try)
			if err != nil {
				s.t.Error(err)
			}
			got = out
		}
		if got != "own socket\nown file\n" {
			s.t.Errorf("the PHP of %s (in its unit: %v) got at:\n%s", siteID(own), unit, got)
		}
	}
	s.sh("mv " + pool + ".kept " + pool + "; systemctl restart " + siteUnit(own))
}
