package health

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"vpm/core"
)

// issuer signs certificates; chain is its own and those above it.
type issuer struct {
	chain []*x509.Certificate
	key   *ecdsa.PrivateKey
}

// issue makes what signs another, or with names a certificate for a server.
func (by issuer) issue(t *testing.T, from, until time.Time, use x509.ExtKeyUsage, names ...string) issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: rand.Text()}, NotBefore: from, NotAfter: until,
		DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{use}, IsCA: len(names) == 0, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if by.key != nil {
		parent, signer = by.chain[0], by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issuer{append([]*x509.Certificate{cert}, by.chain...), key}
}

// pool trusts the last of the chain.
func (by issuer) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(by.chain[len(by.chain)-1])
	return pool
}

// server is what a web server is set up with.
func (by issuer) server() tls.Certificate {
	c := tls.Certificate{PrivateKey: by.key}
	for _, one := range by.chain {
		c.Certificate = append(c.Certificate, one.Raw)
	}
	return c
}

const forAll, forServers = x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth

func TestCertificates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(days float64) time.Time { return now.Add(time.Duration(days * float64(day))) }
	root := issuer{}.issue(t, at(-1000), at(1000), forAll)
	between := root.issue(t, at(-500), at(500), forAll)
	expired := root.issue(t, at(-500), at(-5), forAll)
	for name, c := range map[string]struct {
		by          issuer
		from, until float64
		use         x509.ExtKeyUsage
		name        string
		roots       *x509.CertPool
		want        core.CheckResult
		word        string
		days        int
	}{
		"good":                   {root, -30, 60.5, forServers, "a.example", root.pool(), core.CheckOK, "2027-01-23", 60},
		"with one between":       {between, -30, 60, forServers, "a.example", root.pool(), core.CheckOK, "", 60},
		"for all names below":    {root, -30, 60, forServers, "b.a.example", root.pool(), core.CheckOK, "", 60},
		"just enough left":       {root, -76, 14, forServers, "a.example", root.pool(), core.CheckOK, "", 14},
		"little left":            {root, -76, 13.9, forServers, "a.example", root.pool(), core.CheckWarning, "expires on", 13},
		"hours left":             {root, -89.9, 0.1, forServers, "a.example", root.pool(), core.CheckWarning, "expires on", 0},
		"short by design":        {root, -1, 5, forServers, "a.example", root.pool(), core.CheckOK, "", 5},
		"short, little left":     {root, -4.5, 1.5, forServers, "a.example", root.pool(), core.CheckWarning, "expires on", 1},
		"expired":                {root, -90, -0.1, forServers, "a.example", root.pool(), core.CheckFailed, "expired on", -1},
		"not valid yet":          {root, 1, 90, forServers, "a.example", root.pool(), core.CheckFailed, "from 2026-11-24", 90},
		"for another name":       {root, -30, 60, forServers, "b.example", root.pool(), core.CheckFailed, "not for b.example", 60},
		"not so deep":            {root, -30, 60, forServers, "c.b.a.example", root.pool(), core.CheckFailed, "not for", 60},
		"for an address":         {root, -30, 60, forServers, "127.0.0.1", root.pool(), core.CheckFailed, "not for", 60},
		"not for servers":        {root, -30, 60, x509.ExtKeyUsageClientAuth, "a.example", root.pool(), core.CheckFailed, "Browsers refuse", 60},
		"one between is expired": {expired, -30, 60, forServers, "a.example", root.pool(), core.CheckFailed, "Browsers refuse", 60},
		"self-signed":            {issuer{}, -30, 60, forServers, "a.example", root.pool(), core.CheckWarning, "issuer", 60},
		"self-signed, expired":   {issuer{}, -30, -1, forServers, "a.example", root.pool(), core.CheckFailed, "expired", -1},
		"issuer not known":       {root, -30, 60, forServers, "a.example", issuer{}.issue(t, at(-1), at(1), forAll).pool(), core.CheckWarning, "issuer", 60},
		"no issuers known":       {root, -30, 60, forServers, "a.example", x509.NewCertPool(), core.CheckUnknown, "no list of issuers", 60},
		"none known, wrong name": {root, -30, 60, forServers, "b.example", x509.NewCertPool(), core.CheckFailed, "not for", 60},
	} {
		chain := c.by.issue(t, at(c.from), at(c.until), c.use, "a.example", "*.a.example").chain
		got := judgeCertificate(chain, c.name, c.roots, now)
		wantCheck(t, name, got, c.want, c.word)
		if got.Details["days_left"] != c.days || got.Details["expires"] != at(c.until).Format(time.RFC3339) {
			t.Errorf("%s: the details are %v, want %d days", name, got.Details, c.days)
		}
	}
	cut := between.issue(t, at(-30), at(60), forServers, "a.example").chain[:1]
	wantCheck(t, "the chain is cut", judgeCertificate(cut, "a.example", root.pool(), now), core.CheckWarning, "whole chain")
	wantCheck(t, "none", judgeCertificate(nil, "a.example", root.pool(), now), core.CheckFailed, "no certificate")
}

func TestCertificatesOfServers(t *testing.T) {
	t.Parallel()
	root := issuer{}.issue(t, time.Now().Add(-day), time.Now().Add(100*day), forAll)
	var mu sync.Mutex
	var names []string
	server := httptest.NewUnstartedServer(&recorder{answer: say200("welcome")})
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{root.issue(t, time.Now().Add(-day), time.Now().Add(50*day), forServers, "xn--bcher-kva.invalid").server()},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			mu.Lock()
			defer mu.Unlock()
			names = append(names, hello.ServerName)
			return nil, nil
		},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	e := quick()
	e.roots = root.pool()
	h := e.examine(t.Context(), subject(t, siteAt(t, "https", "bücher.invalid", server.Listener.Addr())))
	wantCheck(t, "good", checkOf(t, h, "certificate"), core.CheckOK, "valid until")
	wantHealthy(t, "good", h, "healthy")
	mu.Lock()
	if got := strings.Join(names, " "); got != "xn--bcher-kva.invalid xn--bcher-kva.invalid" {
		t.Errorf("the names asked for are %s", got)
	}
	mu.Unlock()

	// What is wrong with the certificate keeps nobody from seeing that the site answers.
	h = e.examine(t.Context(), subject(t, siteAt(t, "https", "b.invalid", server.Listener.Addr())))
	wantCheck(t, "wrong name", checkOf(t, h, "certificate"), core.CheckFailed, "not for b.invalid")
	wantCheck(t, "wrong name", checkOf(t, h, "http"), core.CheckOK, "")
	wantHealthy(t, "wrong name", h, "unhealthy")

	for name, talk := range map[string]func(net.Conn){"hangs": hang, "talks plain": say("HTTP/1.1 200 OK\r\n\r\n")} {
		h = quick().examine(t.Context(), subject(t, siteAt(t, "https", "a.example", listen(t, false, talk))))
		wantCheck(t, name, checkOf(t, h, "certificate"), core.CheckUnknown, "could not be seen")
		wantCheck(t, name, checkOf(t, h, "http"), core.CheckFailed, "gave no answer though")
	}
}

// TestTheListOfIssuersOfTheMachine is asked for where nothing else is said.
func TestTheListOfIssuersOfTheMachine(t *testing.T) {
	t.Parallel()
	root := issuer{}.issue(t, time.Now().Add(-day), time.Now().Add(100*day), forServers, "a.example")
	server := httptest.NewUnstartedServer(&recorder{answer: say200("welcome")})
	server.TLS = &tls.Config{Certificates: []tls.Certificate{root.server()}}
	server.StartTLS()
	t.Cleanup(server.Close)
	got := checkOf(t, quick().examine(t.Context(), subject(t, siteAt(t, "https", "a.example", server.Listener.Addr()))), "certificate")
	// With a list it is a stranger, without one nobody can tell.
	if got.Result != core.CheckWarning && got.Result != core.CheckUnknown {
		t.Errorf("a self-signed certificate: %+v", got)
	}
}
