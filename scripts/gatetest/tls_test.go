package gatetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vpm/htaccess"
)

// certificate writes one for this machine, with its key, for a server.
func certificate(t *testing.T) (file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	signed, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(serverDir(t), "server.pem")
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))+string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return file
}

// Over TLS, with HTTP/1.1 and HTTP/2, the link sets a cookie for TLS and stays there.
func TestLinkOverTLS(t *testing.T) {
	t.Parallel()
	url, docroot := startApache(t, apache{server: `LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2 http/1.1
SSLSessionCache none
SSLEngine on
SSLCertificateFile ` + certificate(t)})
	url = strings.Replace(url, "http:", "https:", 1)
	for form, keep := range map[string]func(string) string{"both": func(b string) string { return b }, "rules": rulesOnly} {
		write(t, docroot+"/.htaccess", keep(render(t, htaccess.Gate{Bypass: token})))
		for _, http2 := range []bool{false, true} {
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: http2}
			resp, err := transport.RoundTrip(mustRequest(t, url+"/page.html?a=b&vpm_bypass="+token))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			transport.CloseIdleConnections()
			cookies := resp.Cookies()
			if resp.StatusCode != 302 || resp.Header.Get("Location") != url+"/page.html?a=b" || (resp.ProtoMajor == 2) != http2 ||
				len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].Value != token {
				t.Errorf("%s, HTTP/%d: %d %v", form, resp.ProtoMajor, resp.StatusCode, resp.Header)
			}
		}
	}
}

func mustRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}
