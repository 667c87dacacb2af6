package backup_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
	"vpm/core/backup"
	"vpm/core/store"
)

// room is a disk that has space for so many bytes.
type room int

func (r *room) Write(b []byte) (int, error) {
	if len(b) > int(*r) {
		n := int(*r)
		*r = 0
		return n, syscall.ENOSPC
	}
	*r -= room(len(b))
	return len(b), nil
}

// many are rows that no buffer holds, packed or not.
func many() iter.Seq2[store.Row, error] {
	text := make([]byte, 50_000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = byte(' ' + rng.IntN(90))
	}
	return func(yield func(store.Row, error) bool) {
		for i := range int64(4) {
			if !yield(store.Row{Table: "vpm_events", Columns: []string{"id", "reason"}, Values: []any{i, string(text)}}, nil) {
				return
			}
		}
	}
}

// TestDiskThatFillsUp is noticed wherever in the backup it happens.
func TestDiskThatFillsUp(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]iter.Seq2[store.Row, error]{"few": rows(), "many": many()} {
		var whole bytes.Buffer
		if _, err := backup.Write(&whole, now, rows); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < whole.Len(); n += 1 + whole.Len()/400 {
			space := room(n)
			if _, err := backup.Write(&space, now, rows); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "cannot write the backup: ") {
				t.Errorf("%s: with room for %d bytes of %d: %v", name, n, whole.Len(), err)
			}
		}
		exact := room(whole.Len())
		if _, err := backup.Write(&exact, now, rows); err != nil {
			t.Errorf("%s: with just enough room: %v", name, err)
		}
	}
}

// TestForgedLine: a backup that can be unpacked, and has another word in it than it was made with.
func TestForgedLine(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	_, err := backup.Write(&whole, now, rows())
	must(t, err)
	unpacked, err := gzip.NewReader(&whole)
	must(t, err)
	text, err := io.ReadAll(unpacked)
	must(t, err)
	var forged bytes.Buffer
	packed := gzip.NewWriter(&forged)
	_, err = packed.Write(bytes.Replace(text, []byte(`"admin"`), []byte(`"owner"`), 1))
	must(t, err)
	must(t, packed.Close())
	if _, err := backup.Open(bytes.NewReader(forged.Bytes())); core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), "its checksum is another") {
		t.Errorf("a forged backup is opened: %v", err)
	}
}

// TestFileThatCannotBeRead is told apart from one that is no backup.
func TestFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	f, err := os.Open(t.TempDir())
	must(t, err)
	must(t, f.Close())
	if _, err := backup.Open(f); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a file that is closed: %v", err)
	}
	k := newPanel(t, "sqlite")
	k.Dir = ""
	if _, err := k.Save(t.Context(), core.Actor{}); core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "VPM_DATA_DIR") {
		t.Errorf("without a data directory: %v", err)
	}
}
