// Package client speaks vpm's API, over HTTP or straight to a handler of this process.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vpm/core"
)

// Client asks one panel.
type Client struct {
	http  *http.Client
	base  *url.URL
	token string
}

// patience is what one request may take: the server bounds its own work, and says so when it takes longer.
const patience = 2 * time.Minute

// New gives a client for the panel at address, as https://your.site or https://your.site/panel; an address that ends in
// /api is that of the API itself.
func New(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, core.Errorf(core.CodeInvalid, "cannot use this address of the panel: it must be as https://your.site")
	}
	u.RawQuery, u.Fragment = "", ""
	u.Path = strings.TrimSuffix(u.Path, "/")
	if !strings.HasSuffix(u.Path, "/api") {
		u.Path += "/api"
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &Client{base: u, token: token, http: &http.Client{Transport: transport, Timeout: patience, CheckRedirect: refuseRedirect}}, nil
}

// Local gives a client for a handler of this process.
func Local(handler http.Handler) *Client {
	return &Client{base: &url.URL{Scheme: "http", Host: "localhost", Path: "/api"}, http: &http.Client{Transport: inProcess{handler}}}
}

// Plain tells whether the token goes over a network that others may read.
func (c *Client) Plain() bool {
	host := c.base.Hostname()
	ip := net.ParseIP(host)
	return c.base.Scheme == "http" && c.token != "" && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// errRedirect: a redirect would lose the body of a change, and might lead the token astray.
var errRedirect = errors.New("it redirects")

func refuseRedirect(r *http.Request, _ []*http.Request) error {
	return core.Errorf(core.CodeUnavailable, "cannot ask the panel: it redirects to %s; use that address", r.URL.Scheme+"://"+r.URL.Host).Because(errRedirect)
}

// Get asks for path, as instances/list, and gives the answer as it came.
func (c *Client) Get(ctx context.Context, path string, query url.Values) (json.RawMessage, error) {
	return c.ask(ctx, http.MethodGet, path, query, nil)
}

// Post asks for a change with a JSON body.
func (c *Client) Post(ctx context.Context, path string, body any) (json.RawMessage, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.ask(ctx, http.MethodPost, path, nil, text)
}

// largestAnswer bounds what is read of an answer.
const largestAnswer = 64 << 20

// ask gives the answer; one that reports a failure is an error with its code, its sentence, and Retry-After.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, body []byte) (json.RawMessage, error) {
	u := *c.base
	u.Path += "/" + path + ".php"
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "vpm")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("X-Auth-Token", c.token) // hosts strip Authorization, or use it for a password of their own
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer))
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	return answer, failureOf(resp, answer)
}

// unreachable says why no answer came. An address may hold a password, so only its host is said.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		return core.Errorf(core.CodeUnavailable, "cannot wait for the answer: it was interrupted").Because(err)
	}
	cause := err
	if ue, ok := errors.AsType[*url.Error](err); ok {
		cause = ue.Err
	}
	return core.Errorf(core.CodeUnavailable, "cannot ask the panel at %s: %s", c.base.Host, cause.Error()).Because(err)
}

func failureOf(resp *http.Response, answer []byte) error {
	var f struct {
		Message *string   `json:"message"`
		Code    core.Code `json:"code"`
	}
	notOurs := json.Unmarshal(answer, &f) != nil
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300 && !notOurs:
		return nil
	case notOurs || f.Message == nil || f.Code == "":
		return core.Errorf(core.CodeUnavailable, "cannot understand the answer: %s is not vpm's API (status %d)", resp.Request.URL.Host, resp.StatusCode)
	}
	e := core.Errorf(f.Code, "%s", *f.Message)
	if s, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil {
		e.RetryAfter = s
	}
	return e
}
