package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secrets are what people and generators choose.
var secrets = []string{`p$ss`, `${HOME}`, `pa#ss`, `pass # word`, `#first`, `it's`, `say "hi"`, `two  spaces`, ` edges `, `back\slash`, `\"`, `\n`, `trailing\`,
	`$1$x\$y`, `a=b`, "new\nline", `'quoted'`, `"quoted"`, "Größe😀", "'\"\\$#` "}

// TestEveryWayToQuote writes each value as a person would, in each form that can hold it.
func TestEveryWayToQuote(t *testing.T) {
	t.Parallel()
	for _, s := range secrets {
		forms := map[string]string{"as Save does": quote(s)}
		if !strings.ContainsAny(s, "'\n") {
			forms["in single quotes"] = "'" + s + "'   # comment"
		}
		if s == strings.TrimSpace(s) && !strings.ContainsAny(s[:1], `'"`) && !strings.Contains(s, " #") && !strings.Contains(s, "\n") {
			forms["bare"] = s
			forms["bare with a comment"] = s + " # comment"
		}
		for form, text := range forms {
			for _, line := range []string{"VPM_DB_PASSWORD=" + text, "  export VPM_DB_PASSWORD = " + text + "\r"} {
				pairs, err := parseFile("f", "# first\n\n"+line+"\nVPM_X=1\n", true)
				if err != nil || len(pairs) != 2 || pairs[0].name != "VPM_DB_PASSWORD" || pairs[0].value != s {
					t.Errorf("%q %s, in the line %q, is read as %+v, %v", s, form, line, pairs, err)
				}
			}
		}
	}
}

func TestQuotingOfDotenvFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`a`: "a", ``: "", `''`: "", `""`: "", `'a\nb'`: `a\nb`, `"a\nb"`: "a\nb", `"\$x"`: "$x", `"$x"`: "$x", `"\x"`: `\x`,
		`"a" # c`: "a", `a #c`: "a", `a#c`: "a#c", "a\t# c": "a",
	} {
		pairs, err := parseFile("f", "\uFEFFN="+text, true)
		if err != nil || len(pairs) != 1 || pairs[0].value != want {
			t.Errorf("%s is read as %+v, %v; want %q", text, pairs, err, want)
		}
	}
}

func TestBadLinesNameThemselvesButNoValue(t *testing.T) {
	t.Parallel()
	for text, words := range map[string][]string{
		"VPM_FOO=s3cret":                  {"VPM_FOO"},
		"FOO=s3cret":                      {"FOO", "line 1"},
		"VPM_CONFIG=/s3cret":              {"VPM_CONFIG"},
		"\ns3cret":                        {"line 2"},
		"VPM_DB_PASSWORD='s3cret":         {"VPM_DB_PASSWORD", "line 1", "quotes"},
		"VPM_DB_PASSWORD=\"s3cret\\\"":    {"VPM_DB_PASSWORD", "quotes"},
		"VPM_DB_PORT=s3cret":              {"VPM_DB_PORT"},
		"VPM_DB_PORT=70000":               {"VPM_DB_PORT"},
		"VPM_SESSION_TTL=s3cret":          {"VPM_SESSION_TTL"},
		"VPM_SESSION_TTL=1s":              {"VPM_SESSION_TTL", "1m"},
		"VPM_REQUEST_TIMEOUT=1h":          {"VPM_REQUEST_TIMEOUT"},
		"VPM_TRUSTED_PROXIES=s3cret":      {"VPM_TRUSTED_PROXIES"},
		"VPM_TRUSTED_ORIGINS=s3cret":      {"VPM_TRUSTED_ORIGINS"},
		"VPM_TRUSTED_ORIGINS=https://x/":  {"VPM_TRUSTED_ORIGINS"},
		"VPM_DB_DRIVER=s3cret":            {"VPM_DB_DRIVER"},
		"VPM_AUTO_INSTALL=s3cret":         {"VPM_AUTO_INSTALL", "auto or off"},
		"VPM_DB_DRIVER=mysql":             {"VPM_DB_NAME"},
		"VPM_DB_DRIVER=sqlite":            {"VPM_DATA_DIR"},
		"VPM_DATA_DIR=s3cret":             {"VPM_DATA_DIR", "absolute"},
		"VPM_INSTANCES_DIR=s3cret":        {"VPM_INSTANCES_DIR"},
		"VPM_LOG_FILE=s3cret":             {"VPM_LOG_FILE"},
		"VPM_MODE=s3cret":                 {"VPM_MODE", "auto, virtual or real"},
		"VPM_SHARED_CORES=s3cret":         {"VPM_SHARED_CORES", "absolute"},
		"VPM_TICK_BUDGET=1s":              {"VPM_TICK_BUDGET", "5s"},
		"VPM_TICK_BUDGET=1h":              {"VPM_TICK_BUDGET", "5m"},
		"VPM_OPEN_PATHS=s3cret":           {"VPM_OPEN_PATHS", "/old-admin/"},
		"VPM_OPEN_PATHS=/":                {"VPM_OPEN_PATHS"},
		"VPM_OPEN_PATHS=/s3cret?x":        {"VPM_OPEN_PATHS"},
		"VPM_LOG_LEVEL=s3cret":            {"VPM_LOG_LEVEL"},
		"VPM_LOG_LEVEL='info warn'":       {"VPM_LOG_LEVEL"},
		"VPM_DB_PASSWORD=\"s3cret\x00\"":  {"VPM_DB_PASSWORD"},
		strings.Repeat("# s3cret\n", 9e3): {"64 kB"},
	} {
		account, p := newPlace(t)
		path := filepath.Join(account, "vpm.env")
		write(t, path, text, 0o600)
		wantRefusal(t, p, "s3cret", append(words, path)...)
	}
	account, p := newPlace(t)
	must(t, os.Mkdir(filepath.Join(account, "vpm.env"), 0o700))
	wantRefusal(t, p, "", filepath.Join(account, "vpm.env"), "not a file")
}

// TestBadEnvironmentNamesItself changes the environment and so runs alone.
func TestBadEnvironmentNamesItself(t *testing.T) {
	for name, value := range map[string]string{"VPM_FOO": "s3cret", "VPM_DB_PORT": "s3cret", "VPM_SESSION_TTL": ""} {
		t.Run(name, func(t *testing.T) {
			_, p := newPlace(t)
			t.Setenv(name, value)
			wantRefusal(t, p, value, name)
		})
	}
}

// TestSharedCoresAreNotServed: visitors who can reach a core can install a site in it, which would be theirs.
func TestSharedCoresAreNotServed(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	file := filepath.Join(account, "vpm.env")
	for _, dir := range []string{"public_html/cores", "public_html", "x/../public_html/cores"} {
		write(t, file, "VPM_SHARED_CORES="+account+"/"+dir+"\n", 0o600)
		wantRefusal(t, p, "", "VPM_SHARED_CORES", file, "visitors")
	}
	write(t, file, "VPM_SHARED_CORES="+account+"/cores\n", 0o600)
	if c := load(t, p); c.SharedCores != filepath.Join(account, "cores") {
		t.Errorf("the cores are in %s", c.SharedCores)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	file := filepath.Join(account, "vpm.env")
	for text, want := range map[string]Size{"20G": 20 << 30, "' 500M '": 500 << 20} {
		write(t, file, "VPM_ALERT_DISK="+text+"\n", 0o600)
		if c := load(t, p); c.AlertDisk != want {
			t.Errorf("%s is %d bytes; want %d", text, c.AlertDisk, want)
		}
	}
	for _, text := range []string{"much", "-1G", "20X"} {
		write(t, file, "VPM_ALERT_DISK="+text+"\n", 0o600)
		wantRefusal(t, p, "", "VPM_ALERT_DISK")
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	account, p := newPlace(t)
	write(t, filepath.Join(account, "vpm.env"), "VPM_TRUSTED_PROXIES='10.1.2.3/8, ::1,::ffff:192.0.2.1'\nVPM_TRUSTED_ORIGINS=https://a.example,http://b.example:8080\n", 0o600)
	c := load(t, p)
	var got []string
	for _, n := range c.TrustedProxies {
		got = append(got, n.String())
	}
	if s := strings.Join(got, " "); s != "10.0.0.0/8 ::1/128 192.0.2.1/32" || len(c.TrustedOrigins) != 2 {
		t.Errorf("the networks are %s, the origins %q", s, c.TrustedOrigins)
	}
}
