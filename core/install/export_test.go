package install

// For the tests that live beside this package, as those of core/doctor need an installation too.
const (
	InstallUnit  = installUnit
	DatabaseName = databaseName
	SelfTestUnit = selfTest
	ServiceFile  = service
	SocketFile   = socket
)

var (
	Message        = message
	SystemctlIn    = systemctlIn
	NginxServers   = nginxServers
	WithoutBlock   = withoutBlock
	CompareVersion = compareVersions
	Pointed        = pointed
	Diff           = diff
)

func (n nginxServer) Root() string { return n.root }
