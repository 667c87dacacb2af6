// Package lab starts real servers for tests and benchmarks: a MariaDB, and an Apache set up like a cheap shared host
// that runs CGI programs through suEXEC. Each is private to the process that starts it (own directory, ports,
// configuration, accounts), many can run at once, and none outlives the process. The programs it needs are installed
// by scripts/setup.
package lab
