package auth

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"vpm/core"
)

// phpHashes were made by PHP 8.2: password_hash, and crypt for $2a$.
var phpHashes = map[string]string{
	"$2y$04$LrgqEtYRsBuMvQvEIfEe9eIOTkGq.s3GuU2oIQGHeJbdGhZZVMegS": "correct horse",
	"$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e": "correct horse",
	"$2y$04$qmD8saLVkXpuPyVN1Ii5D.KTwZBMVv5U2QCgJT/QqEzJzl6/V/9mm": "pä$$ wörd 😀",
	"$2y$04$vvDQFMmrwOb7md0c2XR89ueTGVzpJ.lTqrZcVfEOC260TPupm.p.C": " spaces ",
	"$2y$04$abcdefghijklmnopqrstuuUIzecIiCguM2sPh1F7L9IS3zOtmg5Im": "\xff\xa3345",
	"$2y$04$emp/SQIeI48NgVGPREeXKuWyGuK5ceu0qzxiIOopWYy2mfjEVRBr2": strings.Repeat("x", 80), // PHP reads 72
}

func TestPHPHashesAreAccepted(t *testing.T) {
	t.Parallel()
	for hash, password := range phpHashes {
		if !checkPassword(hash, password) {
			t.Errorf("%q is refused for %s", password, hash)
		}
		for _, wrong := range []string{"", "y" + password, strings.ToUpper(password), "!" + strings.TrimSpace(password), password[:4]} {
			if wrong != password && checkPassword(hash, wrong) {
				t.Errorf("%q is accepted for %s of %q", wrong, hash, password)
			}
		}
	}
}

func TestWhatIsNoHashMatchesNothing(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{"", "secret", "5ebe2294ecd0e0f08eab7690d2a6ee69", "$2y$", "$2y$04$short", "$1$abc$xyz", "$argon2id$v=19$m=65536,t=4,p=1$YQ$YQ"} {
		for _, password := range []string{"", hash} {
			if checkPassword(hash, password) {
				t.Errorf("%q is accepted for the hash %q", password, hash)
			}
		}
	}
	for before, typed := range map[string]string{"": "\x00tail", "a\x00b": "a\x00b"} {
		hash, err := bcrypt.GenerateFromPassword([]byte(before), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if checkPassword(string(hash), typed) {
			t.Errorf("%q is accepted", typed)
		}
	}
}

func TestNewHashesAreLikePHPs(t *testing.T) {
	t.Parallel()
	hash, err := HashPassword("correct horse")
	if err != nil || !strings.HasPrefix(hash, "$2y$10$") || len(hash) != 60 || !checkPassword(hash, "correct horse") {
		t.Errorf("the hash is %q, %v", hash, err)
	}
	for _, bad := range []string{"", "1234567", "äöüäöüä", strings.Repeat("x", 73), strings.Repeat("ä", 37), "with\x00nul!"} {
		if _, err := HashPassword(bad); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: the error is %v; want invalid", bad, err)
		}
	}
}

// TestPlaceholderIsARealHash: one that bcrypt refuses at sight would tell, by the time it takes, that there
// is no such user.
func TestPlaceholderIsARealHash(t *testing.T) {
	t.Parallel()
	if c, err := bcrypt.Cost([]byte(placeholder)); err != nil || c != cost {
		t.Errorf("its cost is %d, %v; want %d", c, err, cost)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(placeholder), []byte("x")); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		t.Errorf("comparing gives %v", err)
	}
}
