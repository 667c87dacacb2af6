// Command vpm.cgi is vpm on a shared host: the web server runs it once a request (CGI), or keeps it for a
// while (FastCGI). Which of the two is decided by what it was given, never by its arguments: Apache makes
// arguments of the query, so they are the client's.
//
// For how many processors it may use the runtime need not read cgroup and mountinfo, which is long on shared hosts.
//
//go:debug containermaxprocs=0
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	_ "alone" // one request at a time is what a process is given, by mod_fcgid too

	"vpm/core/app"
	"vpm/core/autoinstall"
	"vpm/core/config"
	"vpm/core/gateway"
)

// version and serverSum are set by the linker. serverSum is the SHA-256 of the program vpm of the same release, which may be
// installed as a server (see core/autoinstall); "" where none comes along.
var (
	version   = "dev"
	serverSum string
)

// spareMemory is that of a FastCGI server, in bytes: net/http/fcgi takes 130 kB for each request, and the collector would
// run every 30 of them. It is address space only, of which hosts give 64 MB and more.
const spareMemory = 6 << 20

func main() {
	if l, ok := gateway.Inherited(); ok {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		resident := &app.Resident{MaxConns: 4, ServerSum: serverSum, Version: version}
		// mod_fcgid follows its SIGTERM with SIGKILL after 4 seconds.
		s := &gateway.Server{Handler: switchable(resident), Stale: resident.Stale, Idle: time.Minute, Drain: 3 * time.Second,
			HandOn: autoinstall.ServerSocket, Spare: spareMemory}
		if err := s.Serve(ctx, l); err != nil {
			fmt.Fprintln(os.Stderr, "vpm.cgi: cannot serve FastCGI:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv("GATEWAY_INTERFACE") == "" {
		fmt.Fprintf(os.Stderr, "vpm.cgi %s is run by a web server: upload it as api/vpm.cgi and open /vpm/ in a browser.\n", version)
		os.Exit(2)
	}
	// A server on this machine answers for every copy of this program.
	if gateway.HandOn(autoinstall.ServerSocket) {
		return
	}
	a := app.Load(os.Getenv("DOCUMENT_ROOT"), 1)
	a.AutoInstall(serverSum)
	a.Version = version
	// Under suEXEC nobody ends a program whose client was sent a 504: it does so itself.
	time.AfterFunc(longest(a.Config, os.Getenv("PATH_INFO"))+5*time.Second, func() { os.Exit(3) })
	gateway.ServeCGI(switchable(a.API))
}

// longest is how long a request may take: the tick has its own time.
func longest(c *config.Config, path string) time.Duration {
	if strings.HasSuffix(strings.TrimSuffix(path, ".php"), "/tick") {
		return c.LongestRequest()
	}
	return c.RequestTimeout
}
