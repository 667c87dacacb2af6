// Package systemd drives real processes on a server of one's own: each instance is a PHP-FPM master that systemd runs
// as vpm-php@SLUG.service. The server itself is never root: polkit lets it start and stop these units and no others
// (units/50-vpm.rules), and a root-owned template says all of what they may do.
//
// What is seen always comes from systemd, the kernel and FPM, never from a row of the database. A figure that they do
// not give is unavailable, never 0.
package systemd
