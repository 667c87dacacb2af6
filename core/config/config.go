// Package config finds and checks vpm's settings: the environment first, then one file of ours outside the
// document root, then the .env file of an installation that is being taken over.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"vpm/core"
)

// Config is every setting. The name that it has in the environment and in the file stands beside it.
type Config struct {
	// DataDir holds the embedded database and the files that prove access to the account.
	DataDir string `envconfig:"VPM_DATA_DIR"`
	// InstancesDir is the directory below which an instance's own directory is looked for.
	InstancesDir string `envconfig:"VPM_INSTANCES_DIR"`
	// SharedCores is the directory with wordpress, joomla and drupal, which new sites are made from.
	SharedCores string `envconfig:"VPM_SHARED_CORES"`

	// DBDriver is "mysql" or "sqlite"; empty means that nothing is set up.
	DBDriver   string `envconfig:"VPM_DB_DRIVER"`
	DBHost     string `envconfig:"VPM_DB_HOST"`
	DBPort     int    `envconfig:"VPM_DB_PORT"`
	DBSocket   string `envconfig:"VPM_DB_SOCKET"`
	DBName     string `envconfig:"VPM_DB_NAME"`
	DBUser     string `envconfig:"VPM_DB_USER"`
	DBPassword string `envconfig:"VPM_DB_PASSWORD"`

	// Mode is virtual, real or auto: whether instances may have processes of their own. auto is real where all that
	// needs is there.
	Mode string `envconfig:"VPM_MODE" default:"auto"`
	// AutoInstall is auto or off: whether the change of an administrator may start the installation of the server where
	// sudo lets the web server's user run systemctl.
	AutoInstall string `envconfig:"VPM_AUTO_INSTALL" default:"auto"`
	// SessionTTL is how long a login lasts.
	SessionTTL time.Duration `envconfig:"VPM_SESSION_TTL" default:"24h"`
	// RequestTimeout bounds one request.
	RequestTimeout time.Duration `envconfig:"VPM_REQUEST_TIMEOUT" default:"15s"`
	// TickBudget is how long one tick may take.
	TickBudget time.Duration `envconfig:"VPM_TICK_BUDGET" default:"20s"`
	// AlertWebhook is the URL that alerts are posted to, and AlertWebhookSecret the key they are signed with.
	AlertWebhook       string `envconfig:"VPM_ALERT_WEBHOOK"`
	AlertWebhookSecret string `envconfig:"VPM_ALERT_WEBHOOK_SECRET"`
	// AlertMailTo are the addresses that alerts are mailed to, from AlertMailFrom: through AlertSMTP, as
	// smtp://user:password@host:587 or smtps://host, or else the host's AlertSendmail.
	AlertMailTo   []string `envconfig:"VPM_ALERT_MAIL_TO"`
	AlertMailFrom string   `envconfig:"VPM_ALERT_MAIL_FROM"`
	AlertSMTP     string   `envconfig:"VPM_ALERT_SMTP"`
	AlertSendmail string   `envconfig:"VPM_ALERT_SENDMAIL" default:"/usr/sbin/sendmail"`
	// AlertDisk is the size of an instance past which people are told, as 20G.
	AlertDisk Size `envconfig:"VPM_ALERT_DISK"`
	// TrustedOrigins are other web origins whose pages may call the API, as https://admin.example.
	TrustedOrigins []string `envconfig:"VPM_TRUSTED_ORIGINS"`
	// OpenPaths are URL paths that stay open when the site around them is stopped, as /old-admin/.
	OpenPaths []string `envconfig:"VPM_OPEN_PATHS"`
	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []Network `envconfig:"VPM_TRUSTED_PROXIES"`
	// APIURL and APIToken are for programs that call the API and read this file, as the PHP class does; vpm itself uses
	// neither.
	APIURL   string `envconfig:"VPM_API_URL"`
	APIToken string `envconfig:"VPM_API_TOKEN"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `envconfig:"VPM_LOG_LEVEL" default:"info"`
	// LogFile receives the log instead of the web server's error log.
	LogFile string `envconfig:"VPM_LOG_FILE"`

	// File is the settings file that was read, "" for none.
	File string      `ignored:"true"`
	read os.FileInfo `ignored:"true"` // of File, as it was read; nil for one that this process has written
	// Warnings are things about the settings that people should mend.
	Warnings []string `ignored:"true"`
	// Place is where the program lies.
	Place Place `ignored:"true"`
}

// LongestRequest is how long any request may take.
func (c *Config) LongestRequest() time.Duration {
	return max(c.RequestTimeout, c.TickBudget+5*time.Second)
}

// Network is an IP network in a setting; a bare address is the network of that one address.
type Network struct{ netip.Prefix }

// UnmarshalText reads the form a setting has.
func (n *Network) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if ip, err := netip.ParseAddr(s); err == nil {
		n.Prefix = netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("%q is neither an address nor a network as 10.0.0.0/8", s)
	}
	n.Prefix = p.Masked()
	return nil
}

// Drivers.
const (
	MySQL  = "mysql"
	SQLite = "sqlite"
)

// SQLitePath is the file of the embedded database.
func (c *Config) SQLitePath() string { return filepath.Join(c.DataDir, "vpm.sqlite") }

// Configured tells whether a database was chosen.
func (c *Config) Configured() bool { return c.DBDriver != "" }

// Load finds and reads the settings of a program that lies at place. Its errors are CodeUnavailable, name
// the setting and the file, and never hold a value that could be a secret.
func Load(place Place) (*Config, error) {
	values, err := settingsFile(place)
	if err != nil {
		return nil, err
	}
	c := &Config{Place: place, File: values.file, read: values.read, Warnings: values.warnings}
	if err := c.fromEnvironment(values); err != nil {
		return nil, err
	}
	if c.InstancesDir == "" {
		c.InstancesDir = filepath.Join(filepath.Dir(place.Docroot), "instances")
	}
	if c.SharedCores == "" {
		c.SharedCores = filepath.Join(filepath.Dir(place.WebRoot), "shared-cores")
	}
	return c, c.check()
}

// Current tells whether the settings file is still the one that was read, by its size and time: there are file systems
// that number a file anew at each look. It costs one stat.
func (c *Config) Current() bool {
	if c.read == nil {
		return true
	}
	is, err := os.Stat(c.File)
	return err == nil && is.Size() == c.read.Size() && is.ModTime().Equal(c.read.ModTime())
}

func (c *Config) check() error {
	bad := func(name, why string) error {
		return core.Errorf(core.CodeUnavailable, "cannot use the setting VPM_%s%s: %s", name, c.inFile(), why)
	}
	switch {
	case !slices.Contains([]string{"auto", "virtual", "real"}, c.Mode):
		return bad("MODE", "it must be auto, virtual or real")
	case !slices.Contains([]string{"auto", "off"}, c.AutoInstall):
		return bad("AUTO_INSTALL", "it must be auto or off")
	case c.DBDriver != "" && c.DBDriver != MySQL && c.DBDriver != SQLite:
		return bad("DB_DRIVER", "it must be mysql or sqlite")
	case c.DBDriver == SQLite && c.DataDir == "":
		return bad("DATA_DIR", "the embedded database needs a data directory")
	case c.DataDir != "" && !filepath.IsAbs(c.DataDir):
		return bad("DATA_DIR", "it must be an absolute path")
	case !filepath.IsAbs(c.InstancesDir):
		return bad("INSTANCES_DIR", "it must be an absolute path")
	case !filepath.IsAbs(c.SharedCores):
		return bad("SHARED_CORES", "it must be an absolute path")
	case c.Place.WebRoot != "" && c.Place.Served(filepath.Clean(c.SharedCores)):
		return bad("SHARED_CORES", "visitors could install a site in a core there; it must lie outside of the document root")
	case c.DBDriver == MySQL && c.DBName == "":
		return bad("DB_NAME", "MySQL needs the name of a database")
	case c.DBPort < 0 || c.DBPort > 65535:
		return bad("DB_PORT", "it must be a port number")
	case c.SessionTTL < time.Minute || c.SessionTTL > 366*24*time.Hour:
		return bad("SESSION_TTL", "it must be between 1m and 8784h")
	case c.RequestTimeout < time.Second || c.RequestTimeout > 5*time.Minute:
		return bad("REQUEST_TIMEOUT", "it must be between 1s and 5m")
	case c.TickBudget < 5*time.Second || c.TickBudget > 5*time.Minute:
		return bad("TICK_BUDGET", "it must be between 5s and 5m")
	case c.LogFile != "" && !filepath.IsAbs(c.LogFile):
		return bad("LOG_FILE", "it must be an absolute path")
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel):
		return bad("LOG_LEVEL", "it must be debug, info, warn or error")
	}
	for _, p := range c.OpenPaths {
		if !strings.HasPrefix(p, "/") || path.Clean(p) == "/" || strings.ContainsAny(p, " ?#") || strings.ContainsFunc(p, unicode.IsControl) {
			return bad("OPEN_PATHS", "each must be a path as /old-admin/")
		}
	}
	for _, o := range c.TrustedOrigins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || o != strings.ToLower(u.Scheme+"://"+u.Host) {
			return bad("TRUSTED_ORIGINS", "each must be a scheme and a host as browsers send them, as https://admin.example")
		}
	}
	return nil
}

func (c *Config) inFile() string {
	if c.File == "" {
		return ""
	}
	return " (environment or " + c.File + ")"
}

func notExist(err error) bool {
	return errors.Is(err, fs.ErrNotExist)
}
