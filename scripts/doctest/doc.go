// Package doctest tries the documentation: every block of commands in docs/ is run as it stands, in the place that the
// document speaks of. A block that is fenced as "sh" belongs to its document, and one with a word more to another place: "sh
// vps" to a server. It also follows the links, and wants every command of vpm to be documented.
package doctest
