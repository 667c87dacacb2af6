package install

// For the tests that live beside this package, as those of core/doctor need an installation too.
const (
	DatabaseName = databaseName
	SelfTestUnit = selfTest
	ServiceFile  = service
	SocketFile   = socket
)

var (
	Message        = message
	NginxServers   = nginxServers
	VirtualHosts   = virtualHosts
	WithoutBlock   = withoutBlock
	CompareVersion = compareVersions
	Pointed        = pointed
	Diff           = diff
)

func (s nginxServer) Root() string { return s.root }

// Block is one of ours with these lines.
func Block(lines string) string { return "\n" + blockBegin + "\n" + lines + blockEnd }

func (s nginxServer) Open() int { return s.open }

// Open, Names and Docroot are what was read of a virtual host.
func (h virtualHost) Open() int       { return h.open }
func (h virtualHost) Names() []string { return h.names }
func (h virtualHost) Docroot() string { return h.docroot }

func (s nginxServer) Names() []string { return s.names }
