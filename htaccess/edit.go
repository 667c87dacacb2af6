package htaccess

import "slices"

// Found is what Inspect sees of a gate.
type Found int

const (
	None    Found = iota // no trace of a gate
	Intact               // exactly this one block, at the top
	Damaged              // anything else of ours: another text, half of one, two, edited, or not at the top
)

// Close puts a block, as Render gave it, at the very top of a file, where no redirect of the site comes before it.
// Older blocks are taken out first, whatever their state (see strip). exists tells whether there is a file; if not,
// the block remembers it for Open.
func Close(file []byte, exists bool, block string) []byte {
	return closeFile(file, exists, block, everyInstance)
}

// Open takes every block out. Open(Close(file)) is the file, byte for byte. exists is false where Close made the file
// and nothing was added to it since: it should be removed.
func Open(file []byte) (rest []byte, exists bool) { return openFile(file, everyInstance) }

// Inspect tells what a file has of the block.
func Inspect(file []byte, block string) Found { return inspect(file, block, everyInstance) }

// CloseShared is Close for a file that gates of several instances share, as the docroot's may: the blocks of others
// stay.
func CloseShared(file []byte, exists bool, block string) []byte {
	return closeFile(file, exists, block, instanceOf(block))
}

// OpenShared takes the blocks of one instance out of a file that others share.
func OpenShared(file []byte, instance string) (rest []byte, exists bool) {
	return openFile(file, only(instance))
}

// InspectShared is Inspect for a file that others share; whole blocks of theirs may stand above this one.
func InspectShared(file []byte, block string) Found {
	return inspect(file, block, instanceOf(block))
}

// selection says which instances' blocks are meant.
type selection func(instance string) bool

func everyInstance(string) bool { return true }

func only(instance string) selection { return func(i string) bool { return i == instance } }

func instanceOf(text string) selection {
	b, _ := parseBlock(text)
	return only(b.instance)
}

func closeFile(file []byte, exists bool, text string, chosen selection) []byte {
	rest, _, _ := strip(file, chosen)
	if b, ok := parseBlock(text); ok {
		_, found, made := strip(file, everyInstance)
		if found == 0 {
			made = !exists && len(file) == 0
		}
		text = b.with(made).text()
	}
	at := top(rest)
	return slices.Concat(rest[:at], []byte(text), rest[at:])
}

func openFile(file []byte, chosen selection) ([]byte, bool) {
	rest, found, made := strip(file, chosen)
	if found == 0 {
		return file, true
	}
	return rest, !made || len(rest) > 0
}

func inspect(file []byte, text string, chosen selection) Found {
	_, found, _ := strip(file, chosen)
	if found == 0 {
		return None
	}
	b, ok := parseBlock(text)
	if !ok || found > 1 {
		return Damaged
	}
	rest := file[top(file):]
	for len(rest) > 0 {
		first, length := firstBlock(rest)
		switch {
		case length == 0:
			return Damaged
		case first == b.with(true).text() || first == b.with(false).text():
			return Intact
		}
		rest = rest[length:] // of another instance, or the one found would not be below
	}
	return Damaged
}
