package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// Ask sends one request without a body to a FastCGI server, as a web server does, and gives the answer's status
// and headers. params are those of CGI (RFC 3875, section 4.1).
func Ask(ctx context.Context, network, address string, params map[string]string) (status int, header http.Header, err error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot ask the server: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	var pairs []byte
	for name, value := range params {
		pairs = appendPair(pairs, name, value)
	}
	b := appendStream(nil, kindBegin, 1, []byte{0, roleResponder, 0, 0, 0, 0, 0, 0})
	b = appendStream(appendStream(b, kindParams, 1, pairs), kindParams, 1, nil)
	if _, err := c.Write(appendStream(b, kindStdin, 1, nil)); err != nil {
		return 0, nil, fmt.Errorf("cannot ask the server: %w", err)
	}
	out, err := readAnswer(c)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot read the server's answer: %w", err)
	}
	lines, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(out))).ReadMIMEHeader()
	if err != nil {
		return 0, nil, fmt.Errorf("cannot read the server's answer: %w", err)
	}
	code, _, _ := strings.Cut(lines.Get("Status"), " ")
	status, err = strconv.Atoi(code)
	return status, http.Header(lines), err
}

// readAnswer gives what the server sends for a request, up to a megabyte.
func readAnswer(r io.Reader) ([]byte, error) {
	var out []byte
	for len(out) < 1<<20 {
		var h recordHeader
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return nil, err
		}
		content := make([]byte, h.content()+h.padding())
		if _, err := io.ReadFull(r, content); err != nil {
			return nil, err
		}
		switch h.kind() {
		case kindStdout:
			out = append(out, content[:h.content()]...)
		case kindEnd:
			return out, nil
		}
	}
	return nil, errors.New("it is too long")
}
