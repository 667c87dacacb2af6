// Package auth decides who a request comes from: passwords, tokens, and how often either may be tried.
package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"vpm/core"
)

// cost of new hashes: PHP's own default up to 8.3, some 50 ms on a shared host.
const cost = 10

// MinPassword is the shortest password that may be set, in characters. bcrypt reads 72 bytes at most.
const (
	MinPassword      = 8
	maxPasswordBytes = 72
)

// HashPassword makes a hash as PHP's password_hash does, with PHP's own marker $2y$; $2a$, Go's, names the
// same algorithm.
func HashPassword(password string) (string, error) {
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return "", core.Errorf(core.CodeInvalid, "cannot use this password: it has fewer than %d characters", MinPassword)
	case len(password) > maxPasswordBytes:
		return "", core.Errorf(core.CodeInvalid, "cannot use this password: it is longer than %d bytes", maxPasswordBytes)
	case strings.ContainsRune(password, 0):
		return "", core.Errorf(core.CodeInvalid, "cannot use this password: it contains a NUL")
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return "", err
	}
	return "$2y$" + strings.TrimPrefix(string(h), "$2a$"), nil
}

// placeholder is a hash of nothing anyone can type, of the usual cost: what a login is checked against
// where there is no user at all.
const placeholder = "$2y$10$7EqJtq98hPqEX7fNZaFWoOhi5BWX4Z3Z6ZxZ0qYQK8lQyJX8m5qGe"

// compare is bcrypt's; a test counts its calls.
var compare = bcrypt.CompareHashAndPassword

// checkPassword tells whether password belongs to a bcrypt hash, $2y$ or $2a$. Anything else never matches,
// and takes as long as the placeholder.
func checkPassword(hash, password string) bool {
	err := compare([]byte(hash), []byte(password))
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		_ = compare([]byte(placeholder), []byte(password)) // for its time only
	}
	return err == nil && !strings.ContainsRune(password, 0) // PHP refuses a NUL; C's crypt would stop reading there
}

// spend makes a login that failed take as long as comparing a hash of the highest cost that any user has, so that
// neither an unknown name nor a cheaper hash can be told by the time. Comparing at cost c takes 2^c steps, so the rest
// up to 2^most is one comparison each at c, c+1, … most-1.
func spend(l core.Login, password string) {
	most, err := strconv.Atoi(l.HighestCost)
	if err != nil {
		most = cost
	}
	most = min(most, dearest)
	if !l.Known {
		burn(most, password)
		return
	}
	c, err := bcrypt.Cost([]byte(l.PasswordHash))
	if err != nil {
		c = cost // the placeholder was compared instead
	}
	for ; c < most; c++ {
		burn(c, password)
	}
}

// dearest is the highest cost that is made up for, in the interest of the host: some 3 seconds.
const dearest = 15

func burn(cost int, password string) {
	_ = compare(fmt.Appendf(nil, "$2y$%02d%s", cost, placeholder[len("$2y$10"):]), []byte(password))
}
