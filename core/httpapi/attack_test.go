package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"vpm/core"
)

// credential is a way to say who one is that must not do, and what it is answered: 401, or 403 where it is known and may not.
type credential struct {
	name string
	set  func(r *http.Request)
	may  []access
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// wrongCredentials makes one of every kind.
func (p *panel) wrongCredentials() (list []credential) {
	p.t.Helper()
	t := p.t
	root := p.token
	session := func(user string) string {
		token, _ := p.post("auth/login", map[string]any{"username": user, "password": password}).want(200).field("token").(string)
		return token
	}
	id := func(role, user string) int {
		n, _ := p.post("users/create", map[string]any{"username": user, "password": password, "role": role}).want(201).field("id").(float64)
		return int(n)
	}
	sum := sha256.Sum256([]byte(root))
	digest := hex.EncodeToString(sum[:])
	out := session("root")
	p.token = out
	p.post("auth/logout", nil).want(200)
	p.token = root
	ended, gone := session("root"), id(core.RoleAdmin, "gone")
	var sessions struct {
		Sessions []struct{ ID int }
	}
	must(t, json.Unmarshal(p.get("sessions/list").want(200).Body.Bytes(), &sessions))
	slices.SortFunc(sessions.Sessions, func(a, b struct{ ID int }) int { return b.ID - a.ID })
	p.post("sessions/revoke", map[string]any{"id": sessions.Sessions[0].ID}).want(200)
	left := session("gone")
	p.post("users/update", map[string]any{"id": gone, "status": "inactive"}).want(200)
	expired := strings.Repeat("e0", 32)
	_, err := p.db.CreateSession(t.Context(), 1, expired, -time.Hour)
	must(t, err)
	revoked := p.issue(core.ScopeManage)
	var tokens struct {
		Tokens []struct{ ID int }
	}
	must(t, json.Unmarshal(p.get("tokens/list").want(200).Body.Bytes(), &tokens))
	p.post("tokens/revoke", map[string]any{"id": tokens.Tokens[0].ID}).want(200)
	for name, token := range map[string]string{"garbage": "x", "a guess": strings.Repeat("0", 64), "logged out": out, "ended": ended, "of a user who may not log in": left, "expired": expired,
		"revoked": revoked, "an API token that was never issued": "vpm_" + strings.Repeat("0", 64), "its digest": digest, "its stored form": "sha256:" + digest, "its stored form in capitals": "SHA256:" + digest,
		"half of it": root[:32], "twice": root + root, "in capitals": strings.ToUpper(root), "a list": root + "," + root, "a wildcard": "%", "SQL": "' OR '1'='1"} {
		list = append(list, credential{name, header("Authorization", "Bearer "+token), nil}, credential{name + ", in X-Auth-Token", header("X-Auth-Token", token), nil},
			credential{name + ", as cookie", header("Cookie", "vpm_session="+strings.ReplaceAll(token, ",", "%2c")), nil})
	}
	list = append(list, credential{"none", func(*http.Request) {}, nil}, credential{"as Basic", header("Authorization", "Basic "+root), nil},
		credential{"without a scheme", header("Authorization", root), nil}, credential{"as a password", func(r *http.Request) { r.SetBasicAuth("root", password) }, nil},
		credential{"cookie of HTTPS", header("Cookie", "__Host-vpm_session="+root), nil}, credential{"cookie in capitals", header("Cookie", "VPM_SESSION="+root), nil},
		credential{"behind a wrong one", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer x")
			r.Header.Set("X-Auth-Token", root)
			r.Header.Set("Cookie", "vpm_session="+root)
		}, nil},
		credential{"two sessions in cookies", header("Cookie", "vpm_session="+root+"; vpm_session="+strings.Repeat("0", 64)), nil},
		credential{"two sessions in cookies, the other way", header("Cookie", "vpm_session="+strings.Repeat("0", 64)+"; vpm_session="+root), nil})

	id(core.RoleViewer, "viewer")
	id(core.RoleManager, "manager")
	everybody := []access{loggedIn}
	list = append(list, credential{"viewer", header("X-Auth-Token", session("viewer")), append(everybody, view, viewOrHere)},
		credential{"manager", header("X-Auth-Token", session("manager")), append(everybody, view, viewOrHere, manage, create, tick)})
	for scope, may := range map[string][]access{core.ScopeView: {view, viewOrHere}, core.ScopeManage: {view, viewOrHere, manage, create, tick}, core.ScopeTick: {tick}} {
		list = append(list, credential{"token for " + scope, header("X-Auth-Token", p.issue(scope)), append(may, loggedIn)})
	}
	return list
}

// rows is all that the database has, but for when a token was last used.
func (p *panel) rows() string {
	p.t.Helper()
	var b strings.Builder
	for row, err := range p.db.Dump(p.t.Context()) {
		must(p.t, err)
		if at := slices.Index(row.Columns, "last_used_at"); at >= 0 {
			row.Values[at] = nil
		}
		fmt.Fprintln(&b, row.Table, row.Values)
	}
	return b.String()
}

// TestEveryRouteWithEveryWrongCredential: each is refused in the same words whatever is wrong with it, and does nothing.
func TestEveryRouteWithEveryWrongCredential(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	list := p.wrongCredentials()
	p.token = ""
	p.Setup.State = func(context.Context) (core.SetupState, error) { return core.SetupState{}, nil }
	before := p.rows()
	body := `{"instance_id":"one","instance_ids":["one"],"action":"stop","id":1,"old_password":"` + password + `","new_password":"another password","username":"eve","password":"` + password +
		`","role":"admin","name":"x","scope":"manage","file":"x.gz","sites":[{"dir":"` + p.base + `"}],"instance_name":"x","cms_type":"native","database_name":"x","duration":"1h"}`
	ask := append(slices.Clone(routes), route{"setup?check=1", get, admin, nil})
	for _, r := range ask {
		if r.access == public {
			continue
		}
		for method := range strings.SplitSeq(r.methods, ", ") {
			for _, c := range list {
				if slices.Contains(c.may, r.access) {
					continue // what those may do others test
				}
				request := httptest.NewRequest(method, strings.Replace(target(r), "?check=1.php", ".php?check=1", 1), strings.NewReader(body))
				c.set(request)
				a := p.send(request)
				want := 401
				if c.may != nil {
					want = 403
				}
				if a.wantForm(); a.Code != want || a.Header().Get("Set-Cookie") != "" || strings.Contains(a.Body.String(), "one") && want == 401 {
					t.Errorf("%s with %s: answered %d %s; want %d", a.name, c.name, a.Code, a.Body, want)
				}
			}
		}
	}
	if after := p.rows(); after != before {
		t.Errorf("something has changed:\n%s\nwas\n%s", after, before)
	}
	if log := p.log.String(); log != "" {
		t.Errorf("it is logged %s", log)
	}
}

// TestCrossSite sends every change with every Sec-Fetch-Site and Origin. A browser of today says the first, older ones the
// second, and programs neither.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	api, err := New(*p.API, []string{"https://admin.example"})
	must(t, err)
	p.API = api
	const nothing, trusted = "nothing", "https://admin.example"
	before := p.rows()
	for _, r := range routes {
		if !strings.Contains(r.methods, post) {
			continue
		}
		for _, site := range []string{nothing, "same-origin", "none", "same-site", "cross-site", "Same-Origin", "same-origin, cross-site", "x"} {
			for _, origin := range []string{nothing, "http://example.com", "https://example.com", trusted, "null", "https://evil.example", "http://example.com.evil.example", "http://evil-example.com", "http://example.com:81",
				"http://sub.example.com", "http://example.com@evil.example", "http://admin.example", "https://admin.example:8443", "https://admin.example.evil.example", "HTTPS://ADMIN.EXAMPLE", "://", "file://", ""} {
				request := httptest.NewRequest(post, target(r), strings.NewReader("{}"))
				request.Header.Set("Content-Type", "text/plain")
				request.Header.Set("X-Auth-Token", "x") // so that what is let through does nothing
				if site != nothing {
					request.Header.Set("Sec-Fetch-Site", site)
				}
				if origin != nothing {
					request.Header.Set("Origin", origin)
				}
				own := origin == nothing || origin == "" || strings.HasSuffix(origin, "://example.com")
				let := origin == trusted || site == "same-origin" || site == "none" || site == nothing && own
				a := httptest.NewRecorder()
				if r.access == public && let {
					continue // it would get to the doors of set-up
				}
				p.ServeHTTP(a, request)
				if refused := a.Code == 403 && strings.Contains(a.Body.String(), "VPM_TRUSTED_ORIGINS"); refused == let || let && a.Code != 401 {
					t.Errorf("%s with Sec-Fetch-Site %q and Origin %q: %d %s", r.name, site, origin, a.Code, a.Body)
				}
				if got := a.Header().Get("Access-Control-Allow-Origin"); got != "" && origin != trusted {
					t.Errorf("%s: the pages of %q may read the answer (%s)", r.name, origin, got)
				}
			}
		}
	}
	if after := p.rows(); after != before {
		t.Errorf("something has changed:\n%s\nwas\n%s", after, before)
	}
}

// TestSessionCookies: a page of a sibling domain, or one in plain HTTP, can put cookies into the browser. None of theirs
// becomes the session, and where there are two nobody is logged in.
func TestSessionCookies(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	root := p.token
	p.post("users/create", map[string]any{"username": "eve", "password": password, "role": core.RoleViewer}).want(201)
	theirs, _ := p.post("auth/login", map[string]any{"username": "eve", "password": password}).want(200).field("token").(string)
	p.token = ""
	for _, c := range []struct {
		https  bool
		cookie string
		want   string // whose session it is, "" nobody's
	}{
		{false, "vpm_session=" + root, "root"},
		{false, `vpm_session="` + root + `"`, "root"},
		{false, "a=b; vpm_session=" + root + "; c=d", "root"},
		{false, "vpm_session=" + root + "; vpm_session=" + root, "root"}, // for two paths
		{false, "vpm_session=" + theirs + "; vpm_session=" + root, ""},
		{false, "vpm_session=" + root + "; vpm_session=" + theirs, ""},
		{false, "vpm_session=; vpm_session=" + root, ""},
		{false, "__Host-vpm_session=" + root, ""},
		{false, "vpm_session=" + root + " " + theirs, ""},
		{true, "__Host-vpm_session=" + root, "root"},
		{true, "vpm_session=" + theirs + "; __Host-vpm_session=" + root, "root"},
		{true, "__Host-vpm_session=" + root + "; vpm_session=" + theirs, "root"},
		{true, "__Host-vpm_session=" + theirs + "; __Host-vpm_session=" + root, ""},
		{true, "vpm_session=" + theirs, ""},
		{true, "__host-vpm_session=" + theirs, ""},
		{true, "__Secure-vpm_session=" + theirs, ""},
		{true, "=__Host-vpm_session=" + theirs, ""},
	} {
		request := httptest.NewRequest("GET", "/api/auth/verify.php", nil)
		request.Header.Set("Cookie", c.cookie)
		if c.https {
			request.TLS = &tls.ConnectionState{}
		}
		a := p.send(request)
		who := ""
		if user, ok := a.field("user").(map[string]any); ok {
			who, _ = user["username"].(string)
		}
		if who != c.want || (who == "") != (a.Code == 401) {
			t.Errorf("over HTTPS %v, %s: it is the session of %q (%d); want %q", c.https, c.cookie, who, a.Code, c.want)
		}
	}
}

// TestSessionsAreNeverTakenOver: a login never gives the session that the browser came with, and a token is of no use
// once its owner has logged out, however it is presented.
func TestSessionsAreNeverTakenOver(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.token = ""
	planted := strings.Repeat("ab", 32)
	tokens := []string{}
	for range 2 {
		for _, name := range []string{"Cookie", "X-Auth-Token", "Authorization"} {
			request := httptest.NewRequest("POST", "/api/auth/login.php", strings.NewReader(`{"username":"root","password":"`+password+`","token":"`+planted+`"}`))
			request.Header.Set(name, map[string]string{"Cookie": "vpm_session=", "X-Auth-Token": "", "Authorization": "Bearer "}[name]+planted)
			a := p.send(request).want(200)
			token, _ := a.field("token").(string)
			cookies := a.Result().Cookies()
			if token == planted || slices.Contains(tokens, token) || len(cookies) != 1 || cookies[0].Value != token || cookies[0].Domain != "" || cookies[0].Path != "/" || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
				t.Errorf("a login with %s gives %q and %v", name, token, cookies)
			}
			tokens = append(tokens, token)
		}
	}
	p.token = tokens[0]
	p.post("auth/logout", nil).want(200)
	p.token = ""
	for _, token := range []string{tokens[0], planted} {
		for _, set := range []func(*http.Request){header("Authorization", "Bearer "+token), header("X-Auth-Token", token), header("Cookie", "vpm_session="+token)} {
			for _, name := range []string{"auth/verify", "auth/logout", "users/password"} {
				request := httptest.NewRequest("POST", "/api/"+name+".php", strings.NewReader(`{"old_password":"`+password+`","new_password":"another password"}`))
				set(request)
				p.send(request).want(401)
			}
		}
	}
	p.token = tokens[1]
	p.get("auth/verify").want(200)
}

// TestHostHeaderIsInNoAnswer: whoever forges it, or what proxies say of it, changes no link that others follow. The search
// for sites takes it up as a guess at their address, for the one who asks.
func TestHostHeaderIsInNoAnswer(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one")
	p.post("instances/stop", map[string]any{"instance_id": "one", "verify": false}).want(200)
	request := httptest.NewRequest("POST", "/api/instances/bypass.php", strings.NewReader(`{"instance_id":"one"}`))
	request.Host = "evil.example"
	if link, _ := p.send(request).want(200).field("url").(string); !strings.HasPrefix(link, "http://one.example/?vpm_bypass=") {
		t.Errorf("the link is %q", link)
	}
	for _, r := range tame() {
		if strings.HasSuffix(r.name, "scan") || strings.HasSuffix(r.name, "adopt") {
			continue
		}
		for method := range strings.SplitSeq(r.methods, ", ") {
			request := httptest.NewRequest(method, target(r)+"?instance_id=one", strings.NewReader(`{"instance_id":"one","instance_name":"x","cms_type":"native","database_name":"x"}`))
			request.Host = "evil.example"
			for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-Http-Host-Override", "Referer"} {
				request.Header.Set(name, "http://evil.example/")
			}
			if a := p.send(request); strings.Contains(a.Body.String()+fmt.Sprint(a.Header()), "evil.example") {
				t.Errorf("%s: answered %v %s", a.name, a.Header(), a.Body)
			}
		}
	}
}

// TestBodiesThatExplode are small and would become large, deep or ambiguous.
func TestBodiesThatExplode(t *testing.T) {
	t.Parallel()
	p := newPanel(t, "one", "two")
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(text))
		must(t, err)
		must(t, w.Close())
		return b.String()
	}
	send := func(kind, encoding, body string) *answer {
		request := httptest.NewRequest("POST", "/api/instances/start.php", strings.NewReader(body))
		request.Header.Set("Content-Type", kind)
		if encoding != "" {
			request.Header.Set("Content-Encoding", encoding)
		}
		return p.send(request)
	}
	const form = "application/x-www-form-urlencoded"
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		kind, encoding, body string
		want                 int
	}{
		"deep lists":            {"", "", `{"instance_id":"one","x":` + strings.Repeat("[", 49_000) + strings.Repeat("]", 49_000) + `}`, 400},
		"deep objects":          {"", "", `{"instance_id":"one","x":` + strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000) + `}`, 200},
		"deeper objects":        {"", "", `{"instance_id":"one","x":` + strings.Repeat(`{"a":`, 15_000) + "1" + strings.Repeat("}", 15_000) + `}`, 400},
		"a long number":         {"", "", `{"instance_id":"one","x":` + strings.Repeat("9", 99_000) + `}`, 200},
		"a number past floats":  {"", "", `{"instance_id":"one","x":1e999999999}`, 200},
		"a number for an id":    {"", "", `{"instance_id":1e999999999}`, 400},
		"many keys":             {"", "", `{` + many(`"k%d":0,`, 9_000) + `"instance_id":"one"}`, 200},
		"a million keys":        {"", "", `{` + many(`"k%d":0,`, 1_000_000) + `"instance_id":"one"}`, 413},
		"many fields of a form": {form, "", many("k%d=0&", 9_000) + "instance_id=one", 200},
		"an index":              {form, "", "instance_ids.2000000000=x&instance_id.0=one", 400},
		"gzip":                  {"", "gzip", zipped(`{"instance_id":"one"}`), 400},
		"a bomb of gzip":        {"", "gzip", zipped(strings.Repeat(" ", 50<<20) + `{"instance_id":"one"}`), 400},
		"gzip as a form":        {form, "gzip", zipped("instance_id=one"), 400},
		"deflate that is none":  {"", "deflate", `{"instance_id":"one"}`, 200},
		"UTF-16":                {"", "", "\xff\xfe{\x00}\x00", 400},
		"two objects":           {"", "", `{"instance_id":"one"}{"instance_id":"two"}`, 400},
	} {
		if a := send(c.kind, c.encoding, c.body); a.Code != c.want {
			t.Errorf("%s: answered %d %s; want %d", name, a.Code, a.Body, c.want)
		} else {
			a.wantForm()
		}
	}
	// Of a key that comes twice the last counts, for the permission as for the action.
	for _, body := range []string{`{"instance_id":"one","instance_id":"two"}`, `{"instance_id":"one","Instance_ID":"two"}`} {
		send("", "", body).want(200).says(`"instance_id":"two"`)
	}
	if log := p.log.String(); log != "" {
		t.Errorf("it is logged %s", log)
	}
}

// TestSearchHasNoWildcards: what people type is searched for as it is.
func TestSearchHasNoWildcards(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for id, name := range map[string]string{"percent": "100% sure", "under": "a_b", "mark": "a!b", "back": `a\b`, "quote": "it's", "plain": "ab"} {
		p.post("instances/create", map[string]any{"instance_id": id, "instance_name": name, "cms_type": "native", "database_name": "x"}).want(201)
	}
	for search, want := range map[string]float64{"%25": 1, "_": 1, "!": 1, "%5c": 1, "'": 1, "%25%25": 0, "a_": 1, "%25'": 0, "[ab]": 0, "ab": 1, "*": 0, "": 6} {
		if n := p.get("v1/instances?search=" + search).want(200).field("total"); n != want {
			t.Errorf("a search for %q finds %v; want %v", search, n, want)
		}
	}
	p.get("v1/instances?search=%00").want(400)
	p.get("v1/instances?search=" + strings.Repeat("x", 255)).want(200)
	p.get("v1/instances?search=" + strings.Repeat("x", 256)).want(400)
}
