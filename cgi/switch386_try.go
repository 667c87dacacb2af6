package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// seen is what became of a program that was tried.
type seen int

const (
	runs           seen = iota
	dies                // it gets too little memory
	lacksProcesses      // it got its memory, then too few processes
	undecided
)

const (
	tryLimit = 5 * time.Second
	// Near the limit a program gets its memory nearly always: one that fails now and then does not run.
	tries = 3
)

// try runs the program as a CGI child, under the limits that this process has too, and tells what was seen and,
// unless it runs, the reason. Whatever the answer to an address that no settings and no database matter for, a
// program that gives one is alive.
func try(ctx context.Context, file string) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	for range tries {
		if is, err := tryOnce(ctx, file); is != runs {
			return is, err
		}
	}
	return runs, nil
}

func tryOnce(ctx context.Context, file string) (seen, error) {
	var stdout, stderr head
	cmd := exec.CommandContext(ctx, file)
	cmd.Dir = filepath.Dir(file)
	cmd.Env = []string{"GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=GET",
		"REQUEST_URI=/api/is-it-alive", "HTTP_HOST=localhost", "REMOTE_ADDR=127.0.0.1"}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	said, _, _ := strings.Cut(string(stderr), "\n")
	reason := fmt.Errorf("%w: %.200s", err, said)
	switch {
	case strings.HasPrefix(string(stdout), "Status:"):
		return runs, nil
	case ctx.Err() != nil:
		return undecided, reason
	// The runtime reserves its memory before it starts its first thread.
	case errors.Is(err, syscall.EAGAIN), strings.Contains(string(stderr), "failed to create new OS thread"):
		return lacksProcesses, reason
	case err == nil:
		return undecided, errors.New("it ended without an answer")
	}
	if _, ended := errors.AsType[*exec.ExitError](err); ended || errors.Is(err, syscall.ENOMEM) {
		return dies, reason
	}
	return undecided, reason // it could not be started: not executable, or being written
}

// head keeps the beginning of what is written to it. A Go program that dies says much.
type head []byte

func (h *head) Write(p []byte) (int, error) {
	*h = append(*h, p[:min(len(p), 4<<10-len(*h))]...)
	return len(p), nil
}

// programBits gives the word size of the ELF program in file, 32 or 64. It is an error when the file is none, or is
// shorter than its program headers say. (debug/elf would cost each request of vpm.cgi its initialisation.)
func programBits(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	var header [64]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return 0, fmt.Errorf("cannot read the program's header: %w", err)
	}
	switch magic := string(header[:5]); {
	case magic == "\x7fELF\x01":
		return 32, nil
	case magic != "\x7fELF\x02":
		return 0, errors.New("cannot find a program in the file")
	}
	little := binary.LittleEndian
	segments, size := int64(little.Uint64(header[32:])), int64(little.Uint16(header[54:]))
	for i := range int64(little.Uint16(header[56:])) {
		var segment [56]byte
		if _, err := f.ReadAt(segment[:], segments+i*size); err != nil {
			return 0, fmt.Errorf("cannot read the program's segments: %w", err)
		}
		if end := little.Uint64(segment[8:]) + little.Uint64(segment[32:]); end > uint64(info.Size()) {
			return 0, fmt.Errorf("cannot find all of the program: %d of %d bytes are there", info.Size(), end)
		}
	}
	return 64, nil
}
