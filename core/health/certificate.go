package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"net"
	"net/url"
	"strconv"
	"time"

	"vpm/core"
)

const (
	day         = 24 * time.Hour
	renewBefore = 14 * day // a certificate with less left is warned of
)

// certificate looks at what the server shows, apart from whether the site answers: of the site's URL, or of the
// HTTPS that the site redirects to.
func (x *examination) certificate(ctx context.Context) core.Check {
	u, err := url.Parse(x.URL)
	if err != nil || u.Scheme != "https" {
		if u = x.redirected(ctx); u == nil {
			return found(core.CheckSkipped, "The address of the site is not HTTPS, and did not lead there.")
		}
	}
	chain, err := x.client.handshake(ctx, u)
	if err != nil {
		return found(core.CheckUnknown, "The certificate could not be seen (%s).", explain(err))
	}
	roots := x.roots
	if roots == nil {
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
	}
	return judgeCertificate(chain, asciiHost(u), roots, time.Now())
}

// redirected waits for where http is redirected to over HTTPS, nil for nowhere.
func (x *examination) redirected(ctx context.Context) *url.URL {
	select {
	case u := <-x.secure:
		return u
	case <-ctx.Done():
		return nil
	}
}

// handshake gives the certificates that the server shows for the host of u, unverified.
func (c client) handshake(ctx context.Context, u *url.URL) ([]*x509.Certificate, error) {
	address, err := c.address(u)
	if err != nil {
		return nil, err
	}
	port, err := portOf(u)
	if err != nil {
		return nil, err
	}
	name := asciiHost(u)
	conn, err := c.dial(ctx, address, net.JoinHostPort(name, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	secured := tls.Client(conn, &tls.Config{ServerName: name, InsecureSkipVerify: true}) // what is wrong with it is the question
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured.ConnectionState().PeerCertificates, nil
}

// judgeCertificate does what a browser does, and tells what it would object to apart: time and name are faults of
// the certificate, an unknown issuer may be one of the list of issuers here.
func judgeCertificate(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) (c core.Check) {
	if len(chain) == 0 {
		return found(core.CheckFailed, "The server shows no certificate. Have one issued for %s.", name)
	}
	leaf, between := chain[0], x509.NewCertPool()
	for _, other := range chain[1:] {
		between.AddCert(other)
	}
	left := leaf.NotAfter.Sub(now)
	defer func() {
		c.Details = map[string]any{"days_left": int(math.Floor(left.Hours() / 24)), "expires": leaf.NotAfter.UTC().Format(time.RFC3339)}
	}()
	_, unverified := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	_, stranger := errors.AsType[x509.UnknownAuthorityError](unverified)
	switch {
	case left < 0:
		return found(core.CheckFailed, "The certificate expired on %s. Renew it.", leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		return found(core.CheckFailed, "The certificate is valid from %s UTC on only. Look at the server's clock.", leaf.NotBefore.UTC().Format(time.DateTime))
	case leaf.VerifyHostname(name) != nil:
		return found(core.CheckFailed, "The certificate is not for %s. Have one issued that is.", name)
	case unverified != nil && !stranger:
		return found(core.CheckFailed, "Browsers refuse the certificate (%s). Have a new one issued.", clip(unverified.Error()))
	// One that is valid for a few days by design is renewed when a third of them is left.
	case left < min(renewBefore, leaf.NotAfter.Sub(leaf.NotBefore)/3):
		return found(core.CheckWarning, "The certificate expires on %s. Renew it.", leaf.NotAfter.UTC().Format(time.DateOnly))
	case stranger && roots.Equal(x509.NewCertPool()):
		return found(core.CheckUnknown, "Who issued the certificate cannot be verified: this machine has no list of issuers.")
	case stranger:
		return found(core.CheckWarning, "The issuer of the certificate is not known here. Visitors see a warning if it is self-signed "+
			"or the server does not send the whole chain: have one issued that browsers know, and install it with its chain.")
	}
	return found(core.CheckOK, "The certificate is valid until %s.", leaf.NotAfter.UTC().Format(time.DateOnly))
}
