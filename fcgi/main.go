// Command vpm is vpm on a server: it answers the web server over FastCGI for as long as the machine runs.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"vpm/core/provision"
)

// version is set by the linker.
var version = "dev"

const usage = `usage: vpm serve [--config FILE] [--listen unix:/PATH | tcp:127.0.0.1:PORT]...
       vpm install [--from DIR] [--dry-run]
       vpm uninstall
       vpm doctor [--json] [--url URL] [--host NAME]
       vpm tick [--config FILE] [--docroot DIR]
       vpm version
`

func main() {
	// A journal that is restarted leaves stderr a broken pipe, which must not end the program.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "serve":
		err = serveCommand(ctx, os.Args[2:])
	case "install":
		err = installCommand(ctx, os.Args[2:])
	case "uninstall":
		err = uninstallCommand(ctx, os.Args[2:])
	case "doctor":
		err = doctorCommand(ctx, os.Args[2:])
	case "provision":
		err = rootCommand(ctx, os.Args[2:], provision.Run)
	case "deprovision":
		err = rootCommand(ctx, os.Args[2:], provision.Remove)
	case "gate":
		err = rootCommand(ctx, os.Args[2:], provision.Gate)
	case "tick":
		err = tickCommand(ctx, os.Args[2:])
	case "version":
		fmt.Println("vpm", version)
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vpm:", err)
		os.Exit(1)
	}
}
