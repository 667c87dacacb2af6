// Package install makes a server of vpm out of an uploaded vpm.cgi, and puts back what was. It is run by root: as
// "vpm install", or once by the line in sudoers that lets the web server's user drive systemd.
//
// A Plan is a list of steps, each of which knows whether things are so already. Before a step changes anything, the
// Journal has on disk what was there; so whoever is killed at any point leaves what the next run completes, and
// Uninstall undoes.
package install
