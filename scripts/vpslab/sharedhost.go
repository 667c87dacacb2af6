package vpslab

import "context"

// Docroot is what SharedHost serves.
const Docroot = "/home/shop/public_html"

const sharedHost = `<VirtualHost *:80>
  ServerName shop.test
  DocumentRoot /home/shop/public_html
  <Directory /home/shop/public_html>
    Require all granted
    AllowOverride All
  </Directory>
</VirtualHost>
<VirtualHost *:80>
  ServerName other.test
  DocumentRoot /srv/other
  <Directory /srv/other>
    Require all granted
  </Directory>
</VirtualHost>
`

// untilProgramsRun ends Apache's start only when mod_cgid's daemon has given its socket to Apache's children. What asks for a
// program before is answered 503.
const untilProgramsRun = `[Service]
ExecStartPost=/bin/sh -c 'until find /run/apache2 -name "cgisock*" -user www-data | grep -q .; do sleep 0.02; done'
`

// SharedHost serves the files below Docroot as ServeSites does, and gives them to www-data.
func (v *VPS) SharedHost(ctx context.Context) error {
	if _, err := v.Run(ctx, "chown", "-R", "www-data:", "/home/shop"); err != nil {
		return err
	}
	return v.ServeSites(ctx)
}

// ServeSites serves the files below Docroot as http://shop.test/ the way a shared host does, with CGI programs, .htaccess
// files and PHP, all as www-data. Every other name means shop.test too, but for other.test, which has files of its own in
// /srv/other.
func (v *VPS) ServeSites(ctx context.Context) error {
	if err := v.WriteFile("/etc/systemd/system/apache2.service.d/lab.conf", []byte(untilProgramsRun), 0o644); err != nil {
		return err
	}
	const script = `mkdir -p /srv/other
systemctl daemon-reload
a2enmod -q cgid
a2enconf -q php*-fpm
systemctl enable -q --now $(ls /lib/systemd/system | grep '^php.*-fpm.service')
systemctl enable -q apache2`
	if _, err := v.Run(ctx, "bash", "-e", "-c", script); err != nil {
		return err
	}
	// This is Apache's start: after a reload, processes with what was before would answer for a moment.
	return v.Apache(ctx, sharedHost)
}
