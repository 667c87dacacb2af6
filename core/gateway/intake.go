package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http/cgi"

	"vpm/core"
)

// maxParams bounds the parameters of one request, in bytes. Apache's own limits allow a request line and
// headers of 800 kB; nginx's 40 kB.
const maxParams = 1 << 20

// begin takes a request in, up to the end of its parameters.
func (c *conn) begin(h recordHeader) error {
	var content [8]byte
	if h.content() != len(content) {
		return fmt.Errorf("%w: a beginning of %d bytes", errMalformed, h.content())
	}
	if _, err := io.ReadFull(c.in, content[:]); err != nil {
		return err
	}
	if _, err := c.in.Discard(h.padding()); err != nil {
		return err
	}
	if role := int(content[0])<<8 | int(content[1]); role != roleResponder {
		return c.write(appendEnd(nil, h.id(), endUnknownRole))
	}
	if !c.begun(content[2]&flagKeep != 0) {
		return c.write(appendEnd(nil, h.id(), endCannotMultiplex))
	}
	c.id, c.refused = h.id(), false
	params, err := c.params()
	if errors.Is(err, errTooLarge) {
		return c.refuse("431 Request Header Fields Too Large", codeTooLarge, fmt.Sprintf("cannot accept a request with headers of more than %d bytes", maxParams))
	}
	if err != nil {
		return err
	}
	c.s.deadline(c.SetReadDeadline, c.s.times().body)
	env, ok := parsePairs(params)
	if !ok {
		return c.refuse("400 Bad Request", core.CodeInvalid, "cannot understand the request: its parameters are malformed")
	}
	// What net/http/fcgi will do with them: it answers a failure with an empty page.
	if _, err := cgi.RequestFromMap(env); err != nil {
		return c.refuse("400 Bad Request", core.CodeInvalid, "cannot understand the request: "+err.Error())
	}
	c.ready = appendStream(nil, kindBegin, c.id, content[:])
	c.ready = appendStream(c.ready, kindParams, c.id, params)
	c.ready = appendStream(c.ready, kindParams, c.id, nil)
	return nil
}

var errTooLarge = errors.New("the parameters are too large")

// codeTooLarge is the API's word for it.
const codeTooLarge core.Code = "too_large"

// params reads the parameters of the request that has begun.
func (c *conn) params() ([]byte, error) {
	var params []byte
	for {
		h, err := c.header()
		if err != nil {
			return nil, err
		}
		n := len(params)
		switch {
		case h.id() != c.id && h.kind() == kindBegin:
			err = errors.Join(c.discard(h), c.write(appendEnd(nil, h.id(), endCannotMultiplex)))
		case h.id() != c.id:
			err = c.discard(h)
		case h.kind() == kindAbort:
			err = errAborted
		case h.kind() != kindParams:
			err = fmt.Errorf("%w: record %d among the parameters", errMalformed, h.kind())
		case h.content() == 0:
			return params, c.discard(h)
		case n+h.content() > maxParams:
			return nil, errors.Join(errTooLarge, c.discard(h))
		default:
			params = append(params, make([]byte, h.content())...)
			if _, err = io.ReadFull(c.in, params[n:]); err == nil {
				_, err = c.in.Discard(h.padding())
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// body lets a record of the body through, or throws it away when the request was refused.
func (c *conn) body(h recordHeader) error {
	if h.content() == 0 {
		c.bodyEnded()
	}
	if !c.refused {
		c.ready, c.passing = append([]byte(nil), h[:]...), h.content()+h.padding()
		return nil
	}
	if err := c.discard(h); err != nil {
		return err
	}
	if h.content() == 0 && !c.keep {
		return io.EOF
	}
	return nil
}

// tellValues answers the one management record there is (section 4.1). net/http/fcgi would promise to
// multiplex.
func (c *conn) tellValues(h recordHeader) error {
	if err := c.discard(h); err != nil {
		return err
	}
	return c.write(appendStream(nil, kindGetValuesResult, 0, appendPair(nil, "FCGI_MPXS_CONNS", "0")))
}

// refuse answers a request that net/http/fcgi does not get to see.
func (c *conn) refuse(status string, code core.Code, message string) error {
	c.refused = true
	b := appendStream(nil, kindStdout, c.id, refusal(status, code, message))
	b = appendEnd(appendStream(b, kindStdout, c.id, nil), c.id, endComplete)
	c.ended()
	return c.write(b)
}
