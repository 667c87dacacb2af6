package install_test

import (
	"strings"
	"testing"

	"vpm/core/install"
)

func TestNginxServers(t *testing.T) {
	t.Parallel()
	const text = "# server { root /no; }\nhttp { server\n{ # }\n root '/a b'; location / { root /inner; } }\nserver{root ${x}/c;}upstream u{server unix:/x;}\n}\nserver { return 301 \"} server {\"; }"
	servers := install.NginxServers(text)
	want := []string{"/a b", "${x}/c", ""}
	if len(servers) != len(want) {
		t.Fatalf("found %+v", servers)
	}
	for i, s := range servers {
		if s.Root() != want[i] {
			t.Errorf("server %d has the root %q, want %q", i, s.Root(), want[i])
		}
	}
}

func TestNamesOfNginxServers(t *testing.T) {
	t.Parallel()
	servers := install.NginxServers("server { server_name A.test *.a.test ~^b b.test _ a.test; location / { server_name no; } }")
	if len(servers) != 1 || strings.Join(servers[0].Names(), " ") != "a.test b.test" {
		t.Errorf("found %+v", servers)
	}
}

func TestVirtualHosts(t *testing.T) {
	t.Parallel()
	const text = "ServerName no.test\nDocumentRoot /no\n<virtualhost *:80>\n  # ServerName no.test\n ServerName https://Shop.test:443\n" +
		" ServerAlias www.shop.test *.shop.test ../x\n DocumentRoot \"/home/shop/\"\n</VirtualHost>\n<VirtualHost _default_:80>\n</VirtualHost>\n<VirtualHost *:1>\nServerName cut.test\n"
	hosts := install.VirtualHosts(text)
	if len(hosts) != 2 || strings.Join(hosts[0].Names(), " ") != "shop.test www.shop.test" || hosts[0].Docroot() != "/home/shop" || len(hosts[1].Names()) != 0 {
		t.Fatalf("found %+v", hosts)
	}
	for i, want := range []string{"<virtualhost *:80>", "<VirtualHost _default_:80>"} {
		if open := hosts[i].Open(); !strings.HasSuffix(text[:open], want) || text[open] != '\n' {
			t.Errorf("host %d begins after %q", i, text[:open])
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"1.9.13p3", "1.9.9", 1}, {"0.105", "0.106", -1}, {"122", "0.106", 1}, {"1.9.10", "1.9.10", 0}, {"php-fpm8.10", "php-fpm8.9", 1}, {"?", "0.1", -1}} {
		if got := install.CompareVersion(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %d", c.a, c.b, got)
		}
	}
}

func TestPointed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# VPM_DATA_DIR=x\nexport VPM_DATA_DIR = \"/old\"\nVPM_DB_DRIVER=sqlite": "# VPM_DATA_DIR=x\nVPM_DATA_DIR=\"/new\"\nVPM_DB_DRIVER=sqlite",
		"VPM_DB_DRIVER=mysql": "VPM_DB_DRIVER=mysql\nVPM_DATA_DIR=\"/new\"\n",
	} {
		if got := string(install.Pointed([]byte(text), "/new")); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
