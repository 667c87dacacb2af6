package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const hookSecret = "a secret of the webhook"

// receivers are where alerts go: a real web server and a real mail server, which the test turns off and on.
type receivers struct {
	*site
	hook *httptest.Server
	box  net.Listener
	db   *sql.DB

	mu      sync.Mutex
	down    bool
	arrived map[string][]string // by channel, "kind instance" of what was taken, in order
	ids     map[string][]string // by channel, likewise the ids
	tried   map[string]int      // by id, the attempts at the webhook that were refused
}

// newReceivers has the panel send its alerts there.
func newReceivers(s *site) *receivers {
	s.t.Helper()
	r := &receivers{site: s, arrived: map[string][]string{}, ids: map[string][]string{}, tried: map[string]int{}}
	r.hook = httptest.NewServer(http.HandlerFunc(r.take))
	s.t.Cleanup(r.hook.Close)
	var err error
	r.box, err = net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &postman{box: r}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(r.box) })
	s.t.Cleanup(func() {
		_ = server.Close()
		_ = r.box.Close() // where Serve had not begun
		serving.Wait()
	})
	r.db, err = sql.Open("mysql", fmt.Sprintf("%s:%s@unix(%s)/%s", s.dbUser, s.dbPass, s.db.Socket, s.dbName))
	s.must(err)
	s.t.Cleanup(func() { r.db.Close() })
	s.settings("VPM_ALERT_WEBHOOK="+r.hook.URL+"/hooks/1", "VPM_ALERT_WEBHOOK_SECRET='"+hookSecret+"'", "VPM_ALERT_MAIL_TO=ann@a.example,bob@a.example",
		"VPM_ALERT_MAIL_FROM=vpm@host.example", "VPM_ALERT_SMTP=smtp://"+r.box.Addr().String())
	return r
}

// settings adds lines to the settings file.
func (s *site) settings(lines ...string) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.host.Home, "vpm.env"), os.O_WRONLY|os.O_APPEND, 0)
	s.must(err)
	defer f.Close()
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	s.must(err)
}

// take verifies a webhook as its receiver must, and takes it.
func (r *receivers) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	stamp, given, _ := strings.Cut(strings.TrimPrefix(req.Header.Get("X-Vpm-Signature"), "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	seconds, numeric := strconv.ParseInt(stamp, 10, 64)
	if err != nil || numeric != nil || given != hex.EncodeToString(mac.Sum(nil)) || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		r.t.Errorf("the webhook is signed %q: %v %v, %s", req.Header.Get("X-Vpm-Signature"), err, numeric, body)
	}
	var alert struct {
		ID         string
		Kind       string
		InstanceID string `json:"instance_id"`
		URL        string
		Subject    string
		Text       string
	}
	if err := json.Unmarshal(body, &alert); err != nil || req.Header.Get("X-Vpm-Delivery") != alert.ID || req.Method != "POST" || req.URL.Path != "/hooks/1" ||
		!strings.HasPrefix(alert.URL, r.host.URL) || alert.Subject == "" || alert.Text == "" {
		r.t.Errorf("%s %s has %v, %s (%v)", req.Method, req.URL, req.Header, body, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		r.tried[alert.ID]++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.arrived["webhook"] = append(r.arrived["webhook"], alert.Kind+" "+alert.InstanceID)
	r.ids["webhook"] = append(r.ids["webhook"], alert.ID)
}

// postman is one SMTP dialogue.
type postman struct {
	box *receivers
	to  []string
}

func (p *postman) Reset()        { p.to = nil }
func (p *postman) Logout() error { return nil }

func (p *postman) Mail(string, *smtp.MailOptions) error {
	p.box.mu.Lock()
	defer p.box.mu.Unlock()
	if p.box.down {
		return &smtp.SMTPError{Code: 421, Message: "out of order"}
	}
	return nil
}

func (p *postman) Rcpt(to string, _ *smtp.RcptOptions) error {
	p.to = append(p.to, to)
	return nil
}

// Data takes a mail. Its subject says what kind of alert it is of: the words are those that people read.
func (p *postman) Data(text io.Reader) error {
	m, err := mail.ReadMessage(text)
	if err != nil {
		p.box.t.Errorf("the mail cannot be read: %v", err)
		return err
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-Id"), "<"), "@host.example>")
	if strings.Join(p.to, " ") != "ann@a.example bob@a.example" || id == "" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		p.box.t.Errorf("the mail to %v has the header %v", p.to, m.Header)
	}
	p.box.mu.Lock()
	defer p.box.mu.Unlock()
	p.box.arrived["mail"] = append(p.box.arrived["mail"], m.Header.Get("Subject"))
	p.box.ids["mail"] = append(p.box.ids["mail"], id)
	return nil
}

// ticks makes n of them, with what waits for a later attempt due at once, and gives what arrived meanwhile by webhook. By
// mail the same must have arrived, in the same order, under the same ids.
func (r *receivers) ticks(n int) string {
	r.t.Helper()
	before := len(r.told())
	for range n {
		_, err := r.db.Exec("UPDATE vpm_deliveries SET next_at = created_at")
		r.must(err)
		var out struct {
			Ran    bool
			Failed []any
		}
		a := r.get("/tick.php").want(200)
		if a.decode(&out); !out.Ran || len(out.Failed) > 0 {
			r.t.Errorf("the tick says %s", a.body)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if hooks, mails := r.ids["webhook"], r.ids["mail"]; !slices.Equal(hooks, mails) || len(slices.Compact(slices.Sorted(slices.Values(hooks)))) != len(hooks) {
		r.t.Errorf("by webhook arrived %v, and by mail %v", hooks, mails)
	}
	return strings.Join(r.arrived["webhook"][before:], ", ")
}

func (r *receivers) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.arrived["webhook"])
}

func (r *receivers) turn(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// wantTold ticks and compares.
func (r *receivers) wantTold(when string, ticks int, want string) {
	r.t.Helper()
	if got := r.ticks(ticks); got != want {
		r.t.Errorf("%s: told %q; want %q", when, got, want)
	}
}

// waiting is how many deliveries are still to arrive.
func (r *receivers) waiting() (n int) {
	r.t.Helper()
	r.must(r.db.QueryRow("SELECT COUNT(*) FROM vpm_deliveries").Scan(&n))
	return n
}
