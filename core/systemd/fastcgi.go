package systemd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// The FastCGI client asks one GET of a socket and reads the answer, which is all that FPM's status page needs. The client
// libraries there are for Go have no deadlines or are part of a web server. See the FastCGI 1.0 specification.
const (
	fcgiBegin  = 1
	fcgiEnd    = 3
	fcgiParams = 4
	fcgiStdin  = 5
	fcgiStdout = 6

	fcgiResponder = 1
	maxAnswer     = 1 << 20
)

type fcgiHeader struct {
	Version, Type uint8
	RequestID     uint16
	Length        uint16
	Padding       uint8
	_             uint8
}

// fcgiGet sends a request of these parameters, at most 64 KB in all, to a Unix socket and gives what came back on
// standard output: a CGI header and a body.
func fcgiGet(ctx context.Context, socket string, params [][2]string) ([]byte, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// The deadline of ctx, or its early end, is one of the connection.
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(fcgiRequest(params)); err != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	answer, err := fcgiAnswer(bufio.NewReader(conn))
	if err != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	return answer, nil
}

func fcgiRequest(params [][2]string) []byte {
	var pairs []byte
	for _, p := range params {
		for _, s := range p {
			pairs = binary.BigEndian.AppendUint32(pairs, uint32(len(s))|1<<31)
		}
		pairs = append(append(pairs, p[0]...), p[1]...)
	}
	var out bytes.Buffer
	record := func(kind uint8, content []byte) {
		// A Buffer takes everything.
		_ = binary.Write(&out, binary.BigEndian, fcgiHeader{Version: 1, Type: kind, RequestID: 1, Length: uint16(len(content))})
		out.Write(content)
	}
	record(fcgiBegin, []byte{0, fcgiResponder, 0, 0, 0, 0, 0, 0})
	record(fcgiParams, pairs)
	record(fcgiParams, nil)
	record(fcgiStdin, nil)
	return out.Bytes()
}

func fcgiAnswer(r io.Reader) ([]byte, error) {
	var out []byte
	for {
		var h fcgiHeader
		if err := binary.Read(r, binary.BigEndian, &h); err != nil {
			return nil, fmt.Errorf("cannot read the answer: %w", err)
		}
		content := make([]byte, int(h.Length)+int(h.Padding))
		if _, err := io.ReadFull(r, content); err != nil {
			return nil, fmt.Errorf("cannot read the answer: %w", err)
		}
		content = content[:h.Length]
		switch {
		case h.Version != 1:
			return nil, errors.New("cannot read the answer: it is not FastCGI")
		case h.Type == fcgiStdout:
			out = append(out, content...)
		case h.Type == fcgiEnd && len(content) >= 5 && content[4] != 0: // protocolStatus
			return nil, fmt.Errorf("cannot get an answer: FastCGI status %d", content[4])
		case h.Type == fcgiEnd:
			return out, nil
		}
		if len(out) > maxAnswer {
			return nil, errors.New("cannot read the answer: it is too long")
		}
	}
}
