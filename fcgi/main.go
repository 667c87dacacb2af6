// Command vpm is vpm on a server: it answers the web server over FastCGI for as long as the machine runs, and it is the
// command line of those who operate it.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker.
var version = "dev"

func main() {
	// A journal that is restarted leaves stderr a broken pipe, which must not end the program.
	signal.Ignore(syscall.SIGPIPE)
	// For good: a second signal must not turn an end that was orderly into a death at the last moment.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	os.Exit(Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Run does what the arguments say, and gives the exit status: see exitHelp.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return report(stderr, root.ExecuteContext(ctx))
}
