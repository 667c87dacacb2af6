package config

import (
	"fmt"
	"strconv"
	"strings"

	"vpm/core"
)

// Size is a number of bytes in a setting, as 500M or 20G.
type Size int64

// UnmarshalText reads the form a setting has.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := core.ParseSize(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%s is no size as 500M or 20G", strconv.Quote(string(text)))
	}
	*s = Size(n)
	return nil
}
