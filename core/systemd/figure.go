package systemd

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Figure is a quantity as systemd or the kernel gives it. The zero Figure is one that they do not give.
type Figure struct {
	Value     int64
	Known     bool
	Unlimited bool // of a limit: there is none
}

// MarshalJSON writes the number, "unlimited" or "unavailable".
func (f Figure) MarshalJSON() ([]byte, error) { return json.Marshal(f.plain()) }

func (f Figure) plain() any {
	switch {
	case f.Unlimited:
		return "unlimited"
	case !f.Known:
		return "unavailable"
	}
	return f.Value
}

// String is for people.
func (f Figure) String() string {
	if f.Known && !f.Unlimited {
		return strconv.FormatInt(f.Value, 10)
	}
	return f.plain().(string)
}

func known(v int64) Figure { return Figure{Value: v, Known: true} }

// unset is how systemd has values that it does not know, and limits that are not there.
const unset = math.MaxUint64

// busFigure reads a property of D-Bus that counts something.
func busFigure(v any) Figure {
	switch n := v.(type) {
	case uint64:
		if n <= math.MaxInt64 {
			return known(int64(n))
		}
	case uint32:
		return known(int64(n))
	}
	return Figure{}
}

// noLimit is what cgroup v1 has as "no limit": the largest number of whole pages. A kernel with larger pages has less,
// and no machine has this much memory.
const noLimit = math.MaxInt64 &^ (1<<20 - 1)

// fileFigure reads a cgroup file that holds one number, or "max".
func fileFigure(text string) Figure {
	text = strings.TrimSpace(text)
	if text == "max" {
		return Figure{Unlimited: true}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		if u, err := strconv.ParseUint(text, 10, 64); err == nil && u == unset {
			return Figure{Unlimited: true}
		}
		return Figure{}
	case n >= noLimit:
		return Figure{Unlimited: true}
	case n < 0:
		return Figure{}
	}
	return known(n)
}
