package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vpm/core"
)

const (
	webhookPatience = 5 * time.Second
	answerLimit     = 64 << 10 // bytes read of an answer's body, and of its header
)

// Webhook is an address that alerts are posted to as JSON. Whoever runs the panel sets it in the settings file, so it
// may be a private address, such as their own chat server. It is not to be taken from anybody else.
//
// The header X-Vpm-Signature is "t=UNIX,v1=HEX": the time of the attempt in Unix seconds, and the HMAC-SHA256 of that
// number as it stands, a dot and the body, under Secret. To verify: compute it again over the raw body, compare in
// constant time, and refuse a t that is more than five minutes off, so that nobody can send an old alert again.
// X-Vpm-Delivery is the id of the alert, the same at every attempt.
//
// Any status of 2xx takes the alert. Any other is a failure and is tried again, 410 too, since an address may be gone
// only while somebody mends it. Redirects are not followed.
type Webhook struct {
	URL    string
	Secret string

	roots *x509.CertPool // nil: those of the system
}

// webhookBody is what is posted.
type webhookBody struct {
	ID         string         `json:"id"`
	Kind       core.AlertKind `json:"kind"`
	InstanceID string         `json:"instance_id"`
	Name       string         `json:"name"`
	URL        string         `json:"url"`
	At         string         `json:"at"` // RFC 3339, UTC
	Subject    string         `json:"subject"`
	Text       string         `json:"text"`
}

// Check tells what is wrong with the settings, without their values: the path of a webhook is often a secret.
func (w *Webhook) Check() error {
	_, err := w.address()
	return err
}

func (w *Webhook) address() (*url.URL, error) {
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, badWebhook("its URL must be one as https://chat.example/hooks/1")
	case w.Secret == "":
		return nil, badWebhook("it needs a secret, by which the receiver knows that an alert is vpm's")
	}
	return u, nil
}

func badWebhook(why string) error {
	return core.Errorf(core.CodeUnavailable, "cannot use the webhook: %s", why)
}

// send posts the alert, signed as of now.
func (w *Webhook) send(ctx context.Context, a core.Alert, now time.Time) error {
	u, err := w.address()
	if err != nil {
		return err
	}
	body, err := json.Marshal(webhookBody{a.ID, a.Kind, a.InstanceID, a.Name, a.URL, a.At.UTC().Format(time.RFC3339),
		a.Subject, a.Text})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL is none that can be asked")
	}
	if u.User != nil {
		password, _ := u.User.Password()
		request.SetBasicAuth(u.User.Username(), password)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "vpm")
	request.Header.Set("X-Vpm-Delivery", a.ID)
	request.Header.Set("X-Vpm-Signature", sign(w.Secret, now, body))

	transport := w.transport()
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the webhook gave no answer in time")
	case err != nil:
		return fmt.Errorf("the webhook cannot be reached: %w", err)
	}
	// The status is the answer, however the body ends. It is read so that the receiver may finish.
	_, _ = io.CopyN(io.Discard, response.Body, answerLimit)
	_ = response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %d", response.StatusCode)
	}
	return nil
}

// transport uses no proxy of the environment: under CGI a visitor's header "Proxy" can become HTTP_PROXY there.
// RoundTrip of it follows no redirect.
func (w *Webhook) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: w.roots},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: answerLimit,
	}
}

// sign makes the value of X-Vpm-Signature.
func sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
