package systemd

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"vpm/core"
)

// maxSlug is the length of the longest slug, in characters. User names end at 32 (useradd), "vpm-" is part of them.
const maxSlug = 24

const (
	unitPrefix = "vpm-php@"
	unitSuffix = ".service"
)

// CheckSlug refuses what cannot name an instance to systemd, useradd and the file system alike: 1 to 24 lower-case
// letters and digits. The polkit rule and the provisioning unit hold to the same.
func CheckSlug(slug string) error {
	ok := slug != "" && len(slug) <= maxSlug
	for _, c := range []byte(slug) {
		ok = ok && isSlugByte(c)
	}
	if !ok {
		return core.Errorf(core.CodeInvalid, "cannot use the short name %.40q: it has to be 1 to %d lower-case letters and digits", slug, maxSlug)
	}
	return nil
}

func isSlugByte(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// NewSlug gives an instance a slug that is not taken: its id without what a slug cannot have, and where that is empty,
// too long or taken, shortened and with digits that follow from the id. Once given it belongs to the instance for good,
// and after it too: its user owns files.
func NewSlug(instanceID string, taken func(slug string) bool) (string, error) {
	if err := core.CheckID(instanceID); err != nil {
		return "", err
	}
	plain := strings.Map(func(r rune) rune {
		if r > 0x7f || !isSlugByte(byte(r)) {
			return -1
		}
		return r
	}, strings.ToLower(instanceID))
	if plain != "" && len(plain) <= maxSlug && !taken(plain) {
		return plain, nil
	}
	const digits = 8
	stem := plain[:min(len(plain), maxSlug-digits)]
	for try := range 1000 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", instanceID, try))
		if slug := stem + fmt.Sprintf("%x", sum[:digits/2]); !taken(slug) {
			return slug, nil
		}
	}
	return "", core.Errorf(core.CodeConflict, "cannot find a free short name for %s", instanceID)
}

// UnitName is the unit of an instance.
func UnitName(slug string) string { return unitPrefix + slug + unitSuffix }

// SlugOf is the slug in the name of an instance's unit; ok is false for any other unit.
func SlugOf(unit string) (slug string, ok bool) {
	rest, ok := strings.CutPrefix(unit, unitPrefix)
	if !ok {
		return "", false
	}
	slug, ok = strings.CutSuffix(rest, unitSuffix)
	return slug, ok && CheckSlug(slug) == nil
}

// checkUnit refuses the name of a unit that is not one of vpm's, before it gets near systemd or a command line.
func checkUnit(unit string) error {
	for _, prefix := range []string{unitPrefix, "vpm-selftest@", "vpm-provision@", "vpm-deprovision@", "vpm-gate@"} {
		if rest, ok := strings.CutPrefix(unit, prefix); ok {
			if slug, ok := strings.CutSuffix(rest, unitSuffix); ok && CheckSlug(slug) == nil {
				return nil
			}
		}
	}
	return core.Errorf(core.CodeInvalid, "cannot drive the unit %.60q: it is none of vpm's", unit)
}
