package core

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Cut keeps the first n characters of s, as many as a column holds.
func Cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Within tells whether path is dir or lies below it. Both must be clean and absolute.
func Within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// ParseSize reads a number of bytes in PHP's shorthand, as in php.net/manual/faq.using.php#faq.using.shorthandbytes: a
// plain number, or one with K, M or G behind it.
func ParseSize(s string) (int64, error) {
	shift := 0
	if s != "" {
		switch s[len(s)-1] {
		case 'K', 'k':
			shift = 10
		case 'M', 'm':
			shift = 20
		case 'G', 'g':
			shift = 30
		}
	}
	digits := s
	if shift > 0 {
		digits = s[:len(s)-1]
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > math.MaxInt64>>shift {
		return 0, errors.New("cannot read this size")
	}
	return int64(n) << shift, nil
}
