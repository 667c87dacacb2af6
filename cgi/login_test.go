package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// cookieOf gives the session cookie of an answer.
func cookieOf(t *testing.T, a *answer) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if strings.HasSuffix(c.Name, "vpm_session") {
			return c
		}
	}
	t.Fatalf("%s sets no session cookie: %v", a.name, a.header)
	return nil
}

// TestLoggedInPage sends what a page sends after a login: the plain fetch of the older pages, with the cookie and
// no token, and the headers of a browser.
func TestLoggedInPage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.token = ""
		c := cookieOf(t, s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(200))
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" || c.MaxAge <= 0 {
			t.Errorf("the cookie is %v", c)
		}
		page := http.Header{"Content-Type": {"text/plain;charset=UTF-8"}, "Cookie": {c.Name + "=" + c.Value},
			"Origin": {s.host.URL}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"cors"}}
		s.do("POST", "/instances/start.php", []byte(`{"instance_id":"wp-test-001"}`), page).want(200)

		for name, change := range map[string]http.Header{
			"another site":             {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			"a sibling domain":         {"Sec-Fetch-Site": {"same-site"}},
			"an older browser":         {"Sec-Fetch-Site": nil, "Origin": {"https://evil.example"}},
			"a sandboxed page":         {"Sec-Fetch-Site": nil, "Origin": {"null"}},
			"another port of the host": {"Sec-Fetch-Site": nil, "Origin": {"http://127.0.0.1:1"}},
		} {
			forged := page.Clone()
			for k, v := range change {
				forged[k] = v
			}
			got := s.do("POST", "/instances/stop.php", []byte(`{"instance_id":"wp-test-001"}`), forged)
			if got.status != 403 || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %d %s %v", name, got.status, got.body, got.header)
			}
			if got := s.do("POST", "/auth/login.php", []byte(`{"username":"admin","password":"`+adminPassword+`"}`), change); got.status != 403 {
				t.Errorf("a login from %s: %d", name, got.status)
			}
		}
		out := s.do("POST", "/auth/logout.php", nil, page).want(200)
		if gone := cookieOf(t, out); gone.MaxAge >= 0 || gone.Value != "" {
			t.Errorf("logout leaves the cookie %v", gone)
		}
		s.do("POST", "/instances/stop.php", []byte(`{"instance_id":"wp-test-001"}`), page).want(401)
	})
}

func TestTrustedOrigin(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.addSettings(`VPM_TRUSTED_ORIGINS="https://admin.example,https://two.example"`)
		page := http.Header{"Origin": {"https://admin.example"}, "Sec-Fetch-Site": {"cross-site"}, "Authorization": {"Bearer " + s.token}}
		got := s.do("POST", "/instances/start.php", []byte(`{"instance_id":"wp-test-001"}`), page).want(200)
		if got.header.Get("Access-Control-Allow-Origin") != "https://admin.example" || got.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("headers for a trusted origin: %v", got.header)
		}
		preflight := s.do("OPTIONS", "/instances/start.php", nil, page)
		if preflight.status != 204 || !strings.Contains(preflight.header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("preflight: %d %v", preflight.status, preflight.header)
		}
		page.Set("Origin", "https://other.example")
		got = s.do("POST", "/instances/start.php", []byte(`{"instance_id":"wp-test-001"}`), page).want(403)
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("headers for another origin: %v", got.header)
		}
	})
}

// addSettings appends lines to the settings file, and with FastCGI has the old process end.
func (s *site) addSettings(lines ...string) {
	s.t.Helper()
	path := filepath.Join(s.host.Home, "vpm.env")
	text, err := os.ReadFile(path)
	s.must(err)
	old := s.processes()
	s.must(os.WriteFile(path, []byte(string(text)+strings.Join(lines, "\n")+"\n"), 0o600))
	if s.isFCGID() {
		s.get("/no/such/endpoint") // after which it sees the change
		s.eventually("the old process is gone", func() bool {
			for _, pid := range s.processes() {
				if contains(old, pid) {
					s.get("/no/such/endpoint")
					return false
				}
			}
			return true
		})
	}
}

// TestThrottle: five failures from one address, many at once and with forged addresses, and the sixth is refused
// even with the right password.
func TestThrottle(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		count := map[int]int{}
		for i := range 12 {
			wg.Go(func() {
				got := s.do("POST", "/auth/login.php", []byte(`{"username":"admin","password":"guess"}`),
					http.Header{"X-Forwarded-For": {"203.0.113." + string(rune('0'+i%10))}, "X-Real-Ip": {"203.0.113.9"}, "Client-Ip": {"203.0.113.8"}})
				mu.Lock()
				defer mu.Unlock()
				count[got.status]++
			})
		}
		wg.Wait()
		// Each attempt counts itself and those stored before it, so the bound holds up to those that are
		// stored at the very same moment.
		if count[401]+count[429] != 12 || count[401] < 5 || count[401] > 7 {
			t.Errorf("12 guesses at once were answered %v, want 5 times 401 and then 429", count)
		}
		late := s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(429).says("throttled", "Too many")
		if late.header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		s.get("/instances/list.php").want(200) // sessions go on
	})
}

// TestTrustedProxy counts by the address that a trusted proxy reports.
func TestTrustedProxy(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.addSettings(`VPM_TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8"`)
		guess := func(forwarded string) int {
			return s.do("POST", "/auth/login.php", []byte(`{"username":"nobody","password":"guess"}`),
				http.Header{"X-Forwarded-For": {forwarded}}).status
		}
		for range 5 {
			if got := guess("1.2.3.4, 203.0.113.7, 10.1.2.3"); got != 401 {
				t.Fatalf("guess: %d", got)
			}
		}
		if got := guess("5.6.7.8, 203.0.113.7"); got != 429 {
			t.Errorf("the sixth guess from 203.0.113.7: %d", got)
		}
		if got := guess("203.0.113.8"); got != 401 {
			t.Errorf("a guess from another address: %d", got)
		}
		secure := s.do("POST", "/auth/login.php", []byte(`{"username":"admin","password":"`+adminPassword+`"}`),
			http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}}).want(200)
		if c := cookieOf(t, secure); !c.Secure || c.Name != "__Host-vpm_session" {
			t.Errorf("the cookie behind HTTPS is %v", c)
		}
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := newSite(t, stack{driver: "mysql"})
	s.createInstance()
	admin := s.token
	for name, c := range map[string]struct {
		role, permissions         string
		view, manage, create, adm int
	}{
		"viewer":    {"viewer", "NULL", 200, 403, 403, 403},
		"manager":   {"manager", "NULL", 200, 200, 201, 403},
		"listed":    {"manager", `'["instances.view"]'`, 200, 403, 403, 403},
		"none":      {"manager", `'[]'`, 403, 403, 403, 403},
		"star":      {"viewer", `'["*"]'`, 200, 200, 201, 403},
		"odd-admin": {"admin", `'[]'`, 200, 200, 201, 200},
	} {
		_, err := s.db.Exec("INSERT INTO " + s.dbName + ".admin_users (username, password, role, permissions) SELECT '" + name + "', password, '" +
			c.role + "', " + c.permissions + " FROM " + s.dbName + ".admin_users WHERE username = 'admin'")
		s.must(err)
		s.token = s.login(name, adminPassword)
		s.get("/instances/list.php").want(c.view)
		s.post("/instances/start.php", map[string]any{"instance_id": "wp-test-001"}).want(c.manage)
		s.post("/instances/create.php", map[string]any{"instance_id": "by-" + name, "instance_name": "x", "cms_type": "native", "database_name": "x"}).want(c.create)
		s.post("/migrate.php", nil).want(c.adm)
		s.post("/auth/verify.php", nil).want(200)
	}
	s.token = admin
	_, err := s.db.Exec("UPDATE " + s.dbName + ".admin_users SET status = 'inactive' WHERE username = 'admin'")
	s.must(err)
	s.get("/instances/list.php").want(401)
	s.post("/auth/login.php", map[string]any{"username": "admin", "password": adminPassword}).want(401).says("unauthenticated", "Invalid credentials")
}
