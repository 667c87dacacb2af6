package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vpm/core"
)

// everyKind is a body with a field of every type that bodies have.
type everyKind struct {
	change
	Number  number   `json:"number" schema:"number"`
	Pointer *number  `json:"pointer" schema:"pointer"`
	Text    *string  `json:"text" schema:"text"`
	List    []string `json:"list" schema:"list"`
	Sites   []struct {
		Dir string `json:"dir" schema:"dir"`
	} `json:"sites" schema:"sites"`
}

// FuzzBody: a body is understood or is the client's fault, whatever it says it is; what is understood is UTF-8.
func FuzzBody(f *testing.F) {
	form := "application/x-www-form-urlencoded"
	for _, s := range []string{`{"instance_id":"a","number":"60","list":["x"],"sites":[{"dir":"/a"}]}`, `{"number":1e3}`, `{"number":99999999999999999999}`, `{"number":"\u0000"}`, "\uFEFF{}", `{"instance_id":"a","Instance_ID":"b"}`,
		"null", "[]", strings.Repeat("[", 20_000), `{"list":[null]}`, "instance_id=a&number=6&list=x&list=y", "sites.0.dir=x&sites.99999999.dir=y", "list.1000000000=x", "verify=maybe&number=x", "a=%zz", "\x1f\x8b\x08\x00"} {
		f.Add([]byte(s), form)
		f.Add([]byte(s), "text/plain;charset=UTF-8")
	}
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		c := &call{Request: &http.Request{Header: http.Header{"Content-Type": {kind}}}, body: body}
		var in everyKind
		if err := c.decodeBody(&in); err != nil {
			if core.CodeOf(err) != core.CodeInvalid || !utf8.ValidString(err.Error()) {
				t.Errorf("%q as %q: %v", body, kind, err)
			}
			return
		}
		var again everyKind
		if err := c.decodeBody(&again); err != nil || !reflect.DeepEqual(in, again) {
			t.Errorf("%q as %q is read as %+v and then as %+v, %v", body, kind, in, again, err)
		}
		for _, s := range append(in.List, in.ID, in.Reason, in.Until, in.Duration) {
			if !utf8.ValidString(s) {
				t.Errorf("%q as %q gives %q", body, kind, s)
			}
		}
		if stop, err := in.stop(time.Unix(1e9, 0)); err == nil && in.Duration != "" && (stop.Until.Unix() <= 1e9 || stop.Until.Unix() > 1e9+366*24*3600) {
			t.Errorf("a duration of %q ends at %v", in.Duration, stop.Until)
		}
	})
}

// FuzzQuery: the bounds of a page of the list hold whatever the query says.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "page=1&limit=100", "page=-1", "limit=-1", "page=9223372036854775807&limit=9", "page=1000001", "limit=1&limit=200", "status=active'--&sort=id;drop&order=up", "search=%25_!%00", "page=%31"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var in listQuery
		c := &call{Request: &http.Request{URL: &url.URL{RawQuery: raw}}}
		if c.decodeQuery(&in) != nil {
			return
		}
		q, page, err := in.query()
		if err == nil && (q.Limit < 1 || q.Limit > largestLimit || q.Offset != (page-1)*q.Limit || q.Offset < 0 || len(q.Search) > 255 || strings.ContainsAny(q.Sort, " ;'\"`")) {
			t.Errorf("%q asks for %+v", raw, q)
		}
	})
}

// FuzzAddress: the path of a request finds a route of the table, with one part for its * at most, or none.
func FuzzAddress(f *testing.F) {
	for _, p := range []string{"/api/instances/start.php", "/api/v1/instances/a", "//x/../api/./tick", "/api/v1/instances/..", "/api/v1/instances/*", "", "*", "/api/v1/instances/a%2fb", "/v1/instances/.php", "/setup.php/x"} {
		f.Add("GET", p)
		f.Add("POST", p)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		r, part, ok := find(method, path)
		if !ok {
			return
		}
		name, wild := strings.CutSuffix(r.name, "*")
		if part != "" && (!wild || strings.Contains(part, "/") || part == "..") || !strings.Contains(path, strings.TrimSuffix(name, "/")) && !strings.ContainsAny(path, "./") {
			t.Errorf("%s %q finds %s with %q", method, path, r.name, part)
		}
	})
}

// FuzzClient: no header makes an address of what is none, and without a trusted proxy none counts at all.
func FuzzClient(f *testing.F) {
	for _, s := range [][3]string{{"192.0.2.1:80", "203.0.113.7, 10.0.0.1", "https"}, {"10.0.0.1:80", "203.0.113.7, 10.0.0.2", "https"}, {"10.0.0.1", "x, ,::1%eth0", "http"}, {"", "1.2.3.4", "HTTPS"}, {"[::ffff:10.0.0.1]:1", "::ffff:1.2.3.4", ""}} {
		f.Add(s[0], s[1], s[2], "vpm_session=a; __Host-vpm_session=b")
	}
	a := &API{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	f.Fuzz(func(t *testing.T, remote, forwarded, proto, cookie string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		r.Header = http.Header{"X-Forwarded-For": {forwarded}, "X-Forwarded-Proto": {proto}, "Cookie": {cookie}}
		c := a.client(r)
		if _, err := netip.ParseAddr(c.address); err != nil && c.address != "" {
			t.Errorf("the address is %q", c.address)
		}
		if alone := (&API{}).client(r); alone.https || alone.address != peer(r) {
			t.Errorf("believed without a proxy: %+v", alone)
		}
		if token := presentedToken(r, c.https); strings.ContainsAny(token, "\r\n\x00") { // what else is none, core/auth knows
			t.Errorf("the token is %q", token)
		}
	})
}
