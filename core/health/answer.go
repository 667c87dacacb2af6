package health

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// answer is what one request for a page came to.
type answer struct {
	status    int // 0: there was none, for the reason err
	header    http.Header
	firstByte time.Duration // since the request was begun, with the connection and its handshake
	body      []byte        // the first 64 kB
	broken    error         // why the body ended before its end
	connected bool
	err       error
}

// fetch asks for u, which client.address has allowed.
func (c client) fetch(ctx context.Context, u *url.URL) (a answer) {
	address, err := c.address(u)
	if err != nil {
		return answer{err: err}
	}
	var connected atomic.Bool // a dial may outlive the request
	transport := c.transport(address, func() { connected.Store(true) })
	defer transport.CloseIdleConnections()
	var firstByte atomic.Int64
	began := time.Now()
	request, err := newRequest(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotFirstResponseByte: func() { firstByte.Store(int64(time.Since(began))) },
	}), u)
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Accept-Encoding", "identity") // a text is looked for
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{err: err, connected: connected.Load()}
	}
	defer response.Body.Close()
	a = answer{status: response.StatusCode, header: response.Header, firstByte: time.Duration(firstByte.Load()), connected: true}
	if a.status >= 200 && (a.status < 300 || a.status > 399) {
		a.body, a.broken = io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	}
	return a
}
