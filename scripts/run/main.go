// Command run serves vpm on this machine as a shared host would: it lays out an account in var/, runs the
// built vpm.cgi once a request, and goes through set-up as a person would. It needs no root and no web server.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := run(ctx, "127.0.0.1:"+port, "var", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. args name the directory with public_html and the built program.
func run(ctx context.Context, addr, dir string, args []string) error {
	if len(args) != 2 {
		return errors.New("cannot run without arguments: run PUBLIC_HTML PROGRAM")
	}
	// Before anything is laid out, so that a taken port leaves everything as it was.
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("cannot listen on %s: another program does; choose another port with PORT=8081 make run", addr)
	}
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	acct, err := layOut(filepath.Join(root, "account"), args[0], args[1])
	if err != nil {
		return fmt.Errorf("cannot lay out %s: %w", root, err)
	}
	server := &http.Server{Handler: acct.handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	url := "http://" + l.Addr().String()
	login, err := acct.setUp(ctx, url, filepath.Join(root, "login.txt"))
	if err != nil {
		return fmt.Errorf("cannot set up: %w", err)
	}
	printWelcome(url, login)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	fmt.Println("\nStopped. The data stays in", dir+"/.")
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(end)
}

func printWelcome(url string, l login) {
	fmt.Printf(`vpm is at          %[1]s/vpm/
its sample site at %[1]s/sample/
log in as          %[2]s, password %[3]s

Try it (each line works when pasted; the first one logs in):

TOKEN=$(curl -s %[1]s/api/auth/login.php -d '{"username":"%[2]s","password":"%[3]s"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
curl -s %[1]s/api/instances/list.php -H "Authorization: Bearer $TOKEN"
curl -s %[1]s/api/instances/stop.php -H "Authorization: Bearer $TOKEN" -d '{"instance_id":"sample"}'
curl -s %[1]s/api/instances/start.php -H "Authorization: Bearer $TOKEN" -d '{"instance_id":"sample"}'
curl -s "%[1]s/api/instances/monitor.php?instance_id=sample" -H "Authorization: Bearer $TOKEN"

Ctrl-C stops it.
`, url, l.Username, l.Password)
}
