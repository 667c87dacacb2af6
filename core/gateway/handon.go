package gateway

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vpm/core"
)

// HandOn gives the one request of a CGI process to the server that listens on a unix socket, and passes its answer on.
// It returns false where nobody listens there, or this user may not connect: nothing of the request has been read then.
// Where there is no socket it costs one stat.
func HandOn(socket string) bool {
	return isSocket(socket) && handOn(socket, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
}

func isSocket(path string) bool {
	var st syscall.Stat_t
	return syscall.Stat(path, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFSOCK
}

// Bounds of a request that is handed on: the connection, which the kernel makes at once unless the server's queue is
// full, and all of it, which is more than any request may take.
const (
	handOnConnect = time.Second
	handOnLimit   = 330 * time.Second
)

func handOn(socket string, environ []string, in io.Reader, out, log io.Writer) bool {
	c, err := net.DialTimeout("unix", socket, handOnConnect)
	if err != nil {
		return false
	}
	defer c.Close()
	if c.SetDeadline(time.Now().Add(handOnLimit)) != nil {
		return false
	}
	body := in
	length := ""
	var params []byte
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case name == "CONTENT_LENGTH":
			length = value
		case name == "REQUEST_METHOD" && (value == "GET" || value == "HEAD") && length == "":
			body = nil
		}
		if !ofProcess(name) {
			params = appendPair(params, name, value)
		}
	}
	if length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 {
			return false
		}
		body = io.LimitReader(in, n) // a CGI program must not read on (RFC 3875, section 4.2)
	}
	first := appendStream(nil, kindBegin, 1, []byte{0, roleResponder, 0, 0, 0, 0, 0, 0})
	first = appendStream(appendStream(first, kindParams, 1, params), kindParams, 1, nil)
	if _, err := c.Write(first); err != nil {
		return false
	}
	go sendBody(c, body) // the server may answer before it has read all
	if begun, err := passAnswer(c, out, log); err != nil && !begun {
		_, _ = out.Write(noAnswer())
	}
	return true
}

// noAnswer is for a request that the server took and did not answer.
func noAnswer() []byte {
	return refusal("503 Service Unavailable\r\nRetry-After: 2", core.CodeUnavailable, "cannot reach vpm's server at the moment")
}

// ofProcess tells variables of this process from those of the request.
func ofProcess(name string) bool {
	return name == "PATH" || name == "" || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "VPM_") || strings.HasPrefix(name, "GO")
}

func sendBody(c net.Conn, body io.Reader) {
	buffer := make([]byte, 16<<10)
	for body != nil {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := c.Write(appendStream(nil, kindStdin, 1, buffer[:n])); err != nil {
				return // the answer, or its absence, says why
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			c.Close() // the rest will never come: the server must not take what it has for all
			return
		}
	}
	_, _ = c.Write(appendStream(nil, kindStdin, 1, nil))
}

// passAnswer copies what the server says until the end of the request. begun tells whether anything was.
func passAnswer(c io.Reader, out, log io.Writer) (begun bool, err error) {
	var h recordHeader
	var content [1<<16 + 255]byte
	for {
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return begun, err
		}
		length := h.content()
		if _, err := io.ReadFull(c, content[:length+h.padding()]); err != nil {
			return begun, err
		}
		switch kind := h.kind(); {
		case kind == kindStdout && length > 0: // which is a CGI answer as it stands
			begun = true
			if _, err := out.Write(content[:length]); err != nil {
				return begun, err
			}
		case kind == kindStderr && length > 0:
			_, _ = log.Write(content[:length])
		case kind == kindEnd:
			if !begun {
				return false, errors.New("it did not answer")
			}
			return begun, nil
		}
	}
}
