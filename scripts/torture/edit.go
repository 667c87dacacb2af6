package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"

	"vpm/htaccess"
)

// edit changes the .htaccess as its owner or another program may. It takes the directory's lock, so that the edit lies
// before or after each change of vpm's and the torture knows what has to be left; that vpm gives way to an edit amid its
// own is tested with core/atomicfile.
func (in *instance) edit(rng *rand.Rand, r *round) {
	if !in.world.disk.TryRLock() { // an editor that cannot write proves nothing
		return
	}
	defer in.world.disk.RUnlock()
	dir, err := os.Open(in.dir)
	if err != nil {
		r.violate(in, "cannot open its directory: %v", err)
		return
	}
	defer dir.Close()
	if syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return
	}
	data, err := os.ReadFile(in.file())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.violate(in, "cannot read its file: %v", err)
		return
	}
	block, rest, whole := cut(data, in.id)
	if !whole { // an earlier edit has not been put right yet
		return
	}
	exists := err == nil && (len(rest) > 0 || !bytes.Contains(firstLine(block), []byte(" new ")))
	if !bytes.Equal(rest, in.outer) || exists != in.exists {
		r.violate(in, "outside of the gate the file has %q (%v), and should have %q (%v)", rest, exists, in.outer, in.exists)
		in.outer, in.exists = rest, exists // told once
	}
	e := edited{rest: rest, exists: exists}
	if len(block) > 0 {
		in.stale = block
		e.spoil(rng, block)
	} else {
		e.rewrite(rng, in)
	}
	if e.what == "" {
		return
	}
	if err := in.write(e, rng.IntN(2) == 0); err != nil {
		r.violate(in, "cannot edit its file: %v", err)
		return
	}
	in.note("edited: %s", e.what)
	in.outer, in.exists = e.rest, e.exists
	r.count("edits")
}

// edited is a file as it is to be, and what must be left of it without the gate.
type edited struct {
	what   string
	file   []byte
	gone   bool // no file at all
	rest   []byte
	exists bool
}

// spoil edits a file with a gate at its top.
func (e *edited) spoil(rng *rand.Rand, block []byte) {
	lines := bytes.SplitAfter(bytes.TrimSuffix(block, []byte("\n")), []byte("\n"))
	added := fmt.Appendf(nil, "# added %d\n", rng.IntN(1e6))
	switch rng.IntN(7) {
	case 0:
		e.what, e.file, e.exists = "the gate deleted", bytes.Clone(e.rest), true
	case 1:
		e.what, e.file = "the gate doubled", bytes.Join([][]byte{block, block, e.rest}, nil)
	case 2: // cut off as by a full disk, and with it what stood below
		at := 1 + len(lines[0]) + rng.IntN(len(block)-len(lines[0])-1)
		e.what, e.file, e.rest = fmt.Sprintf("cut off at byte %d", at), bytes.Clone(block[:at]), nil
	case 3:
		n := 1 + rng.IntN(len(lines)-1)
		e.what, e.file = fmt.Sprintf("only %d lines of the gate left", n), append(bytes.Join(lines[:n], nil), e.rest...)
	case 4:
		e.rest, e.exists = append(bytes.Clone(added), e.rest...), true
		e.what, e.file = "a line above the gate", append(bytes.Clone(added), append(bytes.Clone(block), e.rest[len(added):]...)...)
	case 5:
		e.file = bytes.Join([][]byte{block, e.rest, added}, nil)
		e.what, e.rest, e.exists = "a line at the end", append(bytes.Clone(e.rest), added...), true
	case 6:
		n := 1 + rng.IntN(len(lines)-1)
		e.file = bytes.Join([][]byte{bytes.Join(lines[:n], nil), added, bytes.Join(lines[n:], nil), []byte("\n"), e.rest}, nil)
		e.what, e.rest, e.exists = "a line inside the gate", append(bytes.Clone(added), e.rest...), true
	}
	if len(e.rest) > 0 && !bytes.HasSuffix(e.rest, []byte("\n")) && e.what == "a line at the end" {
		e.what = "" // it would go on in the line before
	}
}

// rewrite edits a file without a gate.
func (e *edited) rewrite(rng *rand.Rand, in *instance) {
	switch rng.IntN(4) {
	case 0:
		e.what, e.gone, e.rest, e.exists = "the file removed", true, nil, false
		if !in.exists {
			e.what = ""
		}
	case 1:
		e.rest, e.exists = nil, true
		for range rng.IntN(8) {
			e.rest = append(e.rest, []string{"RewriteEngine On", "RewriteRule ^old$ /new [R=301,L]", "# " + strings.Repeat("x", rng.IntN(4000)),
				"", "\t", "<IfModule mod_rewrite.c>\n</IfModule>", wordPressRules}[rng.IntN(7)]...)
			e.rest = append(e.rest, []string{"\n", "\n", "\r\n"}[rng.IntN(3)]...)
		}
		if rng.IntN(3) == 0 {
			e.rest = append(e.rest, "# no end of line"...)
		}
		e.what = "other rules"
	case 2:
		e.rest, e.exists = append(fmt.Appendf(nil, "# first %d\n", rng.IntN(1e6)), e.rest...), true
		e.what = "a line at the top"
	case 3: // out of a backup
		if len(in.stale) == 0 || bytes.Contains(firstLine(in.stale), []byte(" new ")) {
			return
		}
		e.what, e.file, e.exists = "an old gate put back", append(bytes.Clone(in.stale), e.rest...), true
		return
	}
	e.file = e.rest
}

// write writes in place, as editors and PHP do, or by rename, as careful programs do.
func (in *instance) write(e edited, inPlace bool) error {
	path := in.file()
	if e.gone {
		return os.Remove(path)
	}
	if !inPlace {
		path += ".edited"
	}
	if err := os.WriteFile(path, e.file, 0o644); err != nil {
		return err
	}
	if err := os.Chown(path, in.world.host.UID, in.world.host.GID); err != nil {
		return err
	}
	if inPlace {
		return nil
	}
	return os.Rename(path, in.file())
}

// cut takes a whole gate off the top of a file by its marker lines. whole is false where there is anything else of ours.
func cut(data []byte, id string) (block, rest []byte, whole bool) {
	begin, end := []byte("# BEGIN vpm gate 1 "+id+" "), []byte("# END vpm gate 1 "+id+" ")
	if !bytes.Contains(data, []byte("vpm gate 1 ")) {
		_, found := htaccess.Standing(data, id) // lines without markers are not ours, a line cut off may be
		return nil, data, found == htaccess.None
	}
	at := bytes.Index(data, end)
	if !bytes.HasPrefix(data, begin) || at < 0 || bytes.Count(data, []byte("vpm gate 1 ")) != 2 {
		return nil, nil, false
	}
	at += len(firstLine(data[at:]))
	if _, found := htaccess.Standing(data, id); found != htaccess.Intact {
		return nil, nil, false
	}
	return data[:at], data[at:], true
}

func firstLine(text []byte) []byte {
	line, _, found := bytes.Cut(text, []byte("\n"))
	if found {
		return text[:len(line)+1]
	}
	return line
}
