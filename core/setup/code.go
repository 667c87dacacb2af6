package setup

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
)

// proof is a kind of code file.
type proof struct {
	name    string
	purpose string
	lasts   time.Duration
}

var (
	setupCode = proof{"setup-code.txt", "set up vpm", 24 * time.Hour}
	resetCode = proof{"reset-code.txt", "reset a password of vpm", time.Hour}
)

// ensure writes a code unless there is one that still counts. An older one is replaced only then, so that
// nobody can make the code change under its owner's eyes by asking again and again.
func (p proof) ensure(dir string, now time.Time) error {
	if _, err := p.read(dir, now); err == nil {
		return nil
	}
	code := group(rand.Text()[:20]) // 100 bits in base32
	text := fmt.Sprintf("%s\n\nThis code lets whoever enters it %s. It counts once, until %s.\nIf you did not ask for it, you can delete this file.\n",
		code, p.purpose, now.Add(p.lasts).UTC().Format("2006-01-02 15:04 UTC"))
	if err := atomicfile.Write(filepath.Join(dir, p.name), []byte(text), 0o600); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot write the file with the code: %w", err)
	}
	return nil
}

// read gives the code in force.
func (p proof) read(dir string, now time.Time) (string, error) {
	path := filepath.Join(dir, p.name)
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if age := now.Sub(info.ModTime()); !info.Mode().IsRegular() || age > p.lasts || age < -time.Minute {
		return "", fmt.Errorf("%s has expired", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if code := normal(line); len(code) == 20 {
		return code, nil
	}
	return "", fmt.Errorf("%s holds no code", path)
}

// remove uses the code up. Its owner may have removed the file first.
func (p proof) remove(dir string) error {
	if err := os.Remove(filepath.Join(dir, p.name)); err != nil && !os.IsNotExist(err) {
		return core.Errorf(core.CodeUnavailable, "cannot remove the file with the code: %w", err)
	}
	return nil
}

// matches compares what a person typed, whatever the case and the separators.
func (p proof) matches(dir, typed string, now time.Time) bool {
	code, err := p.read(dir, now)
	return err == nil && subtle.ConstantTimeCompare([]byte(code), []byte(normal(typed))) == 1
}

func normal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// group writes ABCDE-FGHIJ-….
func group(code string) string {
	var parts []string
	for ; len(code) > 5; code = code[5:] {
		parts = append(parts, code[:5])
	}
	return strings.Join(append(parts, code), "-")
}
