package cms

import "strconv"

type kind uint8

const (
	kindUnknown kind = iota // something that only a running PHP could tell
	kindNull
	kindBoolean
	kindInteger
	kindText
	kindList
)

// value is what is known of a PHP value. The zero value is unknown.
type value struct {
	kind kind
	n    int64 // of an integer; 1 or 0 for a boolean
	s    string
	list *array
	// unset marks the false or null of an environment variable that is not set here. The site's PHP may have it all
	// the same, so it decides between alternatives, but is never the answer itself.
	unset bool
}

// array is a PHP array without its order. It is not changed once it is part of a value.
type array struct {
	elements map[string]value // integer keys as decimal numbers
	next     int64            // the key of what is appended
}

// The bounds of what is kept; what is larger is unknown.
const (
	maxText     = 4096
	maxElements = 1000
)

func textOf(s string) value {
	if len(s) > maxText {
		return value{}
	}
	return value{kind: kindText, s: s}
}

func boolOf(b bool) value {
	if b {
		return value{kind: kindBoolean, n: 1}
	}
	return value{kind: kindBoolean}
}

// truth is what PHP takes the value for where it needs a boolean.
func (v value) truth() (is, known bool) {
	switch v.kind {
	case kindNull:
		return false, true
	case kindBoolean, kindInteger:
		return v.n != 0, true
	case kindText:
		return v.s != "" && v.s != "0", true
	case kindList:
		return len(v.list.elements) > 0, true
	}
	return false, false
}

// text is what PHP takes the value for where it needs a string.
func (v value) text() (s string, known bool) {
	switch {
	case v.unset:
		return "", false
	case v.kind == kindText:
		return v.s, true
	case v.kind == kindInteger:
		return strconv.FormatInt(v.n, 10), true
	case v.kind == kindBoolean && v.n != 0:
		return "1", true
	case v.kind == kindBoolean, v.kind == kindNull:
		return "", true
	}
	return "", false
}

// key is the value as the key of an array, which PHP makes an integer where it looks like one.
func (v value) key() (k string, known bool) {
	if v.kind == kindBoolean && !v.unset {
		return strconv.FormatInt(v.n, 10), true
	}
	return v.text()
}

// isNull tells whether isset and ?? pass over the value.
func (v value) isNull() (is, known bool) { return v.kind == kindNull, v.kind != kindUnknown }

// identical is the operator ===.
func identical(a, b value) (same, known bool) {
	switch {
	case a.kind == kindUnknown || b.kind == kindUnknown:
		return false, false
	case a.kind != b.kind:
		return false, true
	case a.kind == kindList:
		return a.list == b.list, a.list == b.list
	}
	return a.n == b.n && a.s == b.s, true
}

// equal is the operator ==, as far as nobody has to remember how PHP compares numbers with strings.
func equal(a, b value) (same, known bool) {
	if a.kind == b.kind {
		if a.kind == kindText && a.s != b.s && (looksNumeric(a.s) || looksNumeric(b.s)) {
			return false, false
		}
		return identical(a, b)
	}
	if a.kind == kindBoolean || b.kind == kindBoolean || a.kind == kindNull && b.kind == kindInteger || a.kind == kindInteger && b.kind == kindNull {
		x, known := a.truth()
		y, alsoKnown := b.truth()
		return x == y, known && alsoKnown
	}
	if a.kind == kindNull && b.kind == kindText || a.kind == kindText && b.kind == kindNull {
		return a.s == b.s, true
	}
	return false, false
}

func looksNumeric(s string) bool { return s != "" && (s[0] <= '9' && s[0] != '/') }

// element gives an element of an array; null where there is none.
func (v value) element(key value) value {
	k, known := key.key()
	switch {
	case v.kind == kindNull:
		return value{kind: kindNull, unset: v.unset}
	case v.kind != kindList || !known:
		return value{}
	}
	if e, there := v.list.elements[k]; there {
		return e
	}
	return value{kind: kindNull}
}

// add puts an element into an array that is still being made; without a key it is appended.
func (a *array) add(key *value, v value) (ok bool) {
	k := strconv.FormatInt(a.next, 10)
	if key != nil {
		var known bool
		if k, known = key.key(); !known {
			return false
		}
	}
	if n, err := strconv.ParseInt(k, 10, 64); err == nil && n >= a.next && strconv.FormatInt(n, 10) == k {
		a.next = n + 1
	}
	a.elements[k] = v
	return len(a.elements) <= maxElements
}

func newArray() *array { return &array{elements: map[string]value{}} }

// with is the array v after the assignment v[keys…] = e, where a nil key appends. cost is what the copy took.
func (v value) with(keys []*value, e value) (changed value, cost int) {
	if len(keys) == 0 {
		return e, 0
	}
	a := newArray()
	switch v.kind {
	case kindNull:
	case kindList:
		a.next = v.list.next
		for k, old := range v.list.elements {
			a.elements[k] = old
		}
	default:
		return value{}, 0
	}
	inner := value{kind: kindNull}
	if keys[0] != nil && v.kind == kindList {
		inner = v.element(*keys[0])
	}
	inner, cost = inner.with(keys[1:], e)
	if !a.add(keys[0], inner) {
		return value{}, cost + len(a.elements)
	}
	return value{kind: kindList, list: a}, cost + len(a.elements)
}
