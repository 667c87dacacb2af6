package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"vpm/core"
)

// storedPrefix marks a token that is stored as a digest.
const storedPrefix = "sha256:"

// newToken gives a token of the contract's form, 64 hexadecimal digits, and what is stored of it.
func newToken() (token, stored string) {
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	token = hex.EncodeToString(b[:])
	return token, digest(token)
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return storedPrefix + hex.EncodeToString(sum[:])
}

// storedForms gives what may be stored of a presented token: its digest, or, in rows that PHP code wrote, the
// token itself. What is stored must not itself be a key, so a token that looks like a digest is refused: who
// reads the table can log in with none of ours.
func storedForms(token string) ([]string, error) {
	const longest = 512 // the column
	if token == "" || len(token) > longest || strings.HasPrefix(strings.ToLower(token), storedPrefix) || !isPrintable(token) {
		return nil, core.Errorf(core.CodeUnauthenticated, "Invalid or expired token")
	}
	return []string{digest(token), token}, nil
}

func isPrintable(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}
