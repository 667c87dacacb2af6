package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const secret = "the xyzzy of the webhook"

// hook is a real HTTP server that takes alerts as the documentation tells receivers to.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []webhookBody
	faults []string
	status func() int // nil: 204
}

func openHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	var b webhookBody
	if err = errors.Join(err, verify(r.Header.Get("X-Vpm-Signature"), secret, body), json.Unmarshal(body, &b)); err != nil {
		h.faults = append(h.faults, err.Error())
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "vpm" ||
		r.Header.Get("X-Vpm-Delivery") != b.ID {
		h.faults = append(h.faults, fmt.Sprint(r.Method, r.Header))
	}
	status := http.StatusNoContent
	if h.status != nil {
		status = h.status()
	}
	if status/100 == 2 {
		h.bodies = append(h.bodies, b)
	}
	w.Header().Set("Location", h.URL+"/elsewhere")
	w.WriteHeader(status)
}

// verify is what a receiver does, written from the documentation of Webhook.
func verify(header, secret string, body []byte) error {
	var t, v1 string
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			t = value
		case "v1":
			v1 = value
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s", t, body)
	if given, err := hex.DecodeString(v1); err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return fmt.Errorf("the signature %q is wrong", header)
	}
	if _, err := strconv.ParseInt(t, 10, 64); err != nil {
		return err
	}
	return nil
}

func (h *hook) got(t *testing.T) []webhookBody {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, fault := range h.faults {
		t.Error(fault)
	}
	return h.bodies
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	w := &Webhook{URL: h.URL + "/hooks/1?a=b", Secret: secret}
	a := sample("id1", "one", start.In(time.FixedZone("", 7200)))
	if err := w.send(t.Context(), a, start); err != nil {
		t.Fatal(err)
	}
	want := webhookBody{"id1", "unhealthy", "one", "Größe", "http://site.example/", "2026-11-23T10:00:00Z", a.Subject, a.Text}
	if got := h.got(t); len(got) != 1 || got[0] != want {
		t.Errorf("received %+v", got)
	}
}

// TestSignature holds the wire format against a value from another implementation:
// printf '%s' '1795428000.{"id":"1"}' | openssl dgst -sha256 -hmac secret
func TestSignature(t *testing.T) {
	t.Parallel()
	const want = "t=1795428000,v1=bb005bd8c08a502dadc028eb6c8137457cfcd321450663c84f58309c8ab473e8"
	if got := sign("secret", time.Unix(1795428000, 0), []byte(`{"id":"1"}`)); got != want {
		t.Errorf("signed %s", got)
	}
}

func TestWebhookStatuses(t *testing.T) {
	t.Parallel()
	h := openHook(t)
	for _, status := range []int{200, 202, 204, 299} {
		h.status = func() int { return status }
		if err := (&Webhook{URL: h.URL, Secret: secret}).send(t.Context(), sample("id", "one", start), start); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, status := range []int{301, 302, 307, 308, 400, 404, 410, 429, 500, 503} {
		h.status = func() int { return status }
		err := (&Webhook{URL: h.URL, Secret: secret}).send(t.Context(), sample("id", "one", start), start)
		wantError(t, err, strconv.Itoa(status))
	}
	if got := h.got(t); len(got) != 4 {
		t.Errorf("received %d, so a redirect was followed or a status taken for another", len(got))
	}
}

func TestWebhookOverTLS(t *testing.T) {
	t.Parallel()
	certificate, roots := newCertificate(t)
	h := &hook{}
	h.Server = httptest.NewUnstartedServer(h)
	h.TLS = serverTLS(certificate)
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	t.Cleanup(h.Close)
	w := &Webhook{URL: h.URL + "/xyzzy", Secret: secret}
	wantError(t, w.send(t.Context(), sample("id1", "one", start), start), "certificate")
	w.roots = roots
	if err := w.send(t.Context(), sample("id2", "one", start), start); err != nil {
		t.Error(err)
	}
	if got := h.got(t); len(got) != 1 || got[0].ID != "id2" {
		t.Errorf("received %+v", got)
	}
}

// TestWebhooksThatMisbehave gives neither the address nor the secret away in any error.
func TestWebhooksThatMisbehave(t *testing.T) {
	t.Parallel()
	refused, _ := heldPort(t)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		<-r.Context().Done()
	}))
	t.Cleanup(hangs.Close)
	for url, word := range map[string]string{
		"http://" + refused + "/xyzzy":           "refused",
		hangs.URL + "/xyzzy":                     "no answer in time",
		"ftp://x.example/xyzzy":                  "URL",
		"http:///xyzzy":                          "URL",
		"http://user:xyzzy@x.example:port/xyzzy": "URL",
		"xyzzy":                                  "URL",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if url == hangs.URL+"/xyzzy" {
			ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		}
		wantError(t, (&Webhook{URL: url, Secret: secret}).send(ctx, sample("id1", "one", start), start), word)
		cancel()
	}
	wantError(t, (&Webhook{URL: "https://x.example/"}).Check(), "needs a secret")
}

func TestAnEndlessAnswerIsTaken(t *testing.T) {
	t.Parallel()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 4096))
		}
	}))
	t.Cleanup(endless.Close)
	if err := (&Webhook{URL: endless.URL, Secret: secret}).send(t.Context(), sample("id1", "one", start), start); err != nil {
		t.Error(err)
	}
}

func TestWebhookLogin(t *testing.T) {
	t.Parallel()
	var user, password string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { user, password, _ = r.BasicAuth() }))
	t.Cleanup(s.Close)
	w := &Webhook{URL: strings.Replace(s.URL, "://", "://me:pass%2Fword@", 1), Secret: secret}
	if err := w.send(t.Context(), sample("id1", "one", start), start); err != nil || user != "me" || password != "pass/word" {
		t.Errorf("logged in as %q, %q, %v", user, password, err)
	}
}
