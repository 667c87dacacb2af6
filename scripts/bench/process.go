package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a CGI program run without a web server, once a request.
type process struct {
	file    string
	docroot string
	env     []string // besides what Apache gives
}

// call implements caller.
func (p process) call(ctx context.Context, token string, r request) ([]byte, error) {
	_, body, err := p.run(ctx, token, r)
	return body, err
}

// run gives how long the process took, from before it was started until after it was waited for.
func (p process) run(ctx context.Context, token string, r request) (time.Duration, []byte, error) {
	cmd := p.command(ctx, p.file, token, r)
	return p.timed(cmd, r)
}

// runPeak gives the most memory the process had, in MB.
func (p process) runPeak(ctx context.Context, peak, token string, r request) (float64, error) {
	cmd := p.command(ctx, peak, token, r)
	cmd.Args = []string{peak, p.file}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if _, _, err := p.timed(cmd, r); err != nil {
		return 0, fmt.Errorf("%w: %s", err, stderr.String())
	}
	kilobytes, err := strconv.ParseFloat(stderr.String(), 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read how much memory was used: %w", err)
	}
	return kilobytes / 1024, nil
}

func (p process) command(ctx context.Context, path, token string, r request) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path)
	cmd.Args = []string{filepath.Base(path)}
	cmd.Dir = filepath.Dir(p.file)
	cmd.Env = append(p.environment(token, r), p.env...)
	cmd.Stdin = strings.NewReader(r.body)
	return cmd
}

func (p process) timed(cmd *exec.Cmd, r request) (time.Duration, []byte, error) {
	var output bytes.Buffer
	cmd.Stdout = &output
	begin := time.Now()
	err := cmd.Run()
	took := time.Since(begin)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot run %s for %s: %w", filepath.Base(p.file), r.path, err)
	}
	head, body, _ := bytes.Cut(output.Bytes(), []byte("\r\n\r\n"))
	if !bytes.HasPrefix(head, []byte("Status: 2")) || !bytes.Contains(body, []byte(r.wants)) {
		return 0, nil, fmt.Errorf("cannot use the answer to %s: %.300s", r.path, output.Bytes())
	}
	return took, body, nil
}

// environment is what Apache gives a program under suEXEC, after the rules of the routing file.
func (p process) environment(token string, r request) []string {
	path, query, _ := strings.Cut(r.path, "?")
	below := strings.TrimSuffix(strings.TrimPrefix(path, "/api"), ".php")
	env := []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "SERVER_SOFTWARE=Apache", "SERVER_SIGNATURE=",
		"SERVER_NAME=site.test", "SERVER_ADDR=127.0.0.1", "SERVER_PORT=80", "SERVER_ADMIN=[no address given]",
		"REQUEST_SCHEME=http", "REQUEST_METHOD=" + r.method, "REQUEST_URI=" + r.path, "QUERY_STRING=vpm=1&" + query,
		"SCRIPT_NAME=/api/vpm.cgi", "SCRIPT_FILENAME=" + p.file, "PATH_INFO=" + below, "PATH_TRANSLATED=" + p.docroot + below,
		"DOCUMENT_ROOT=" + p.docroot, "CONTEXT_PREFIX=", "CONTEXT_DOCUMENT_ROOT=" + p.docroot,
		"REMOTE_ADDR=127.0.0.1", "REMOTE_PORT=40000", "REDIRECT_STATUS=200", "REDIRECT_URL=" + path,
		"HTTP_HOST=site.test", "HTTP_USER_AGENT=bench", "HTTP_ACCEPT=*/*", "HTTP_ACCEPT_ENCODING=gzip",
	}
	if token != "" {
		env = append(env, "HTTP_AUTHORIZATION=Bearer "+token)
	}
	if r.body != "" {
		env = append(env, "CONTENT_TYPE=text/plain;charset=UTF-8", "CONTENT_LENGTH="+strconv.Itoa(len(r.body)))
	}
	return env
}
