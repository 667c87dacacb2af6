package install

import "os"

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
	PointedBack    = pointedBack
	TakenOverText  = takenOver
	NewestFPM      = newestFPM
	SudoersRule    = sudoersRule
	Unused         = unused
)

// UndoDir puts back a directory that was there before, UndoMade one that was not.
func UndoDir(path string, mode os.FileMode, uid, gid int) (left string, err error) {
	return undoDir(record{Kind: ofDir, Path: path, Existed: true, Mode: uint32(mode), UID: uid, GID: gid})
}

func UndoMade(path string) (left string, err error) {
	return undoDir(record{Kind: ofDir, Path: path})
}

// UndoFile takes away a file that was not there before, and held what is in wrote.
func UndoFile(path, wrote string) (left string, err error) {
	return undoFile(record{Kind: ofFile, Path: path, After: sum([]byte(wrote))})
}

func PlaceBack(fresh, target string, mode os.FileMode, uid, gid int) error {
	return placeBack(fresh, record{Target: target, Mode: uint32(mode), UID: uid, GID: gid})
}

func (s nginxServer) Root() string { return s.root }

// Block is one of ours with these lines.
func Block(lines string) string { return "\n" + blockBegin + "\n" + lines + blockEnd }

func (s nginxServer) Open() int { return s.open }

// Open, Names and Docroot are what was read of a virtual host.
func (h virtualHost) Open() int       { return h.open }
func (h virtualHost) Names() []string { return h.names }
func (h virtualHost) Docroot() string { return h.docroot }

func (s nginxServer) Names() []string { return s.names }
