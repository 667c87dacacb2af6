package install_test

import (
	"strings"
	"testing"

	"vpm/core/config"
	"vpm/core/install"
)

// FuzzServers: whatever a web server's configuration holds, a block of ours is put right behind the opening of a server or
// a virtual host and nowhere else, no name leads out of the directory that is made for it, and taking the blocks
// out leaves the file as it was.
func FuzzServers(f *testing.F) {
	for _, text := range []string{"<VirtualHost *:80>\nServerName a.test\nServerAlias ../x .. a..b *.a.test\nDocumentRoot \"/srv/a/\"\n</VirtualHost>\n",
		"<VirtualHost *:80>\n<VirtualHost *:81>\n</VirtualHost>", "<virtualhost x>\r\nservername HTTPS://A.test:443\r\n</virtualhost>\r\n", "<VirtualHost", "<VirtualHost *:80>",
		"http { server { server_name a.test \"b c\" /etc; root /srv; location / { } } }", "server{", "server { server_name ${x} a\\;b; } # server {", "server { root '", "}}}{{{", "server \"{\" {", "a ${b server {"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, found := install.WithoutBlock([]byte(text)); found {
			return
		}
		var opens []int
		var names []string
		for _, h := range install.VirtualHosts(text) {
			line := text[strings.LastIndexByte(text[:h.Open()], '\n')+1 : h.Open()]
			if text[h.Open()] != '\n' || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "<virtualhost") {
				t.Errorf("%q has a virtual host at %d, behind %q", text, h.Open(), line)
			}
			opens, names = append(opens, h.Open()), append(names, h.Names()...)
		}
		wantTaken(t, text, opens)
		opens = nil
		for _, s := range install.NginxServers(text) {
			if text[s.Open()-1] != '{' || !strings.Contains(text[:s.Open()], "server") {
				t.Errorf("%q has a server at %d", text, s.Open())
			}
			opens, names = append(opens, s.Open()), append(names, s.Names()...)
		}
		wantTaken(t, text, opens)
		for _, name := range names {
			if name == "" || name[0] == '.' || strings.Contains(name, "..") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
				t.Errorf("%q has the name %q", text, name)
			}
		}
	})
}

// wantTaken puts a block at each of these places, in order, and takes them out again.
func wantTaken(t *testing.T, text string, places []int) {
	t.Helper()
	with, last := "", 0
	for _, at := range places {
		if at < last || at > len(text) {
			t.Fatalf("%q has places at %v", text, places)
		}
		with += text[last:at] + install.Block("    IncludeOptional /etc/x/*.conf\n")
		last = at
	}
	with += text[last:]
	if rest, found := install.WithoutBlock([]byte(with)); string(rest) != text || found != (len(places) > 0) {
		t.Errorf("%q without blocks is %q and not %q", with, rest, text)
	}
}

// FuzzPointed: a settings file names the one data directory that it is pointed at, and all else as before.
func FuzzPointed(f *testing.F) {
	f.Add("# mine\nexport VPM_DATA_DIR = \"/old\"\nVPM_DB_DRIVER=sqlite", "/new")
	f.Add("\uFEFFVPM_DATA_DIR=/a\r\nVPM_DATA_DIR=/b\r\n", "/a\nVPM_DB_HOST=evil")
	f.Add("VPM_DATA_DIR", "/$x\\\"'")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, text, dir string) {
		others := func(text string) (list, dirs []string) {
			config.Edit(text, func(name, value string) (string, bool) {
				if name == "VPM_DATA_DIR" {
					dirs = append(dirs, value)
				} else {
					list = append(list, name+"="+value)
				}
				return value, true
			})
			return list, dirs
		}
		before, _ := others(text)
		is := string(install.Pointed([]byte(text), dir))
		after, dirs := others(is)
		if len(dirs) != 1 || dirs[0] != dir || strings.Join(before, "\n") != strings.Join(after, "\n") {
			t.Errorf("%q pointed at %q is %q, which names %q", text, dir, is, dirs)
		}
	})
}
