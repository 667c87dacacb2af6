// Package doctest tries the documentation: every block of commands in docs/ is run as it stands, in the place that the
// document speaks of. A block that is fenced as "sh" belongs to its document; one fenced as "sh vps" to a server.
package doctest
