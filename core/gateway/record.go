package gateway

import "encoding/binary"

// Kinds of records, a role and the ends of a request (FastCGI specification, section 8).
const (
	kindBegin           = 1
	kindAbort           = 2
	kindEnd             = 3
	kindParams          = 4
	kindStdin           = 5
	kindStdout          = 6
	kindStderr          = 7
	kindGetValues       = 9
	kindGetValuesResult = 10

	roleResponder = 1
	flagKeep      = 1

	endComplete        = 0
	endCannotMultiplex = 1
	endUnknownRole     = 3
)

// recordHeader is what each record begins with: version, kind, request id, lengths of content and padding.
type recordHeader [8]byte

func (h recordHeader) kind() byte   { return h[1] }
func (h recordHeader) id() uint16   { return binary.BigEndian.Uint16(h[2:]) }
func (h recordHeader) content() int { return int(binary.BigEndian.Uint16(h[4:])) }
func (h recordHeader) padding() int { return int(h[6]) }

// largestContent is what one record can hold, less a little so that the next begins at a multiple of 8.
const largestContent = 65528

// appendStream writes content as records of one kind. An empty content is the record that ends a stream.
func appendStream(b []byte, kind byte, id uint16, content []byte) []byte {
	for {
		part := content[:min(len(content), largestContent)]
		b = append(b, 1, kind, byte(id>>8), byte(id), byte(len(part)>>8), byte(len(part)), 0, 0)
		b = append(b, part...)
		if content = content[len(part):]; len(content) == 0 {
			return b
		}
	}
}

func appendEnd(b []byte, id uint16, status byte) []byte {
	return appendStream(b, kindEnd, id, []byte{0, 0, 0, 0, status, 0, 0, 0})
}

// appendPair writes one parameter (section 3.4).
func appendPair(b []byte, name, value string) []byte {
	for _, n := range []int{len(name), len(value)} {
		if n < 0x80 {
			b = append(b, byte(n))
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(n)|1<<31)
		}
	}
	return append(append(b, name...), value...)
}

// parsePairs reads parameters, and tells whether they are well formed. net/http/fcgi stops silently at a
// malformed one, and on 32-bit processors two large lengths overflow its sum and end the process.
func parsePairs(b []byte) (map[string]string, bool) {
	pairs := make(map[string]string, 48)
	for len(b) > 0 {
		name, rest, ok := pairLength(b)
		if !ok {
			return nil, false
		}
		value, rest, ok := pairLength(rest)
		if !ok || uint64(name)+uint64(value) > uint64(len(rest)) {
			return nil, false
		}
		pairs[string(rest[:name])] = string(rest[name : name+value])
		b = rest[name+value:]
	}
	return pairs, true
}

func pairLength(b []byte) (n uint32, rest []byte, ok bool) {
	switch {
	case len(b) >= 1 && b[0] < 0x80:
		return uint32(b[0]), b[1:], true
	case len(b) >= 4:
		return binary.BigEndian.Uint32(b) &^ (1 << 31), b[4:], true
	}
	return 0, nil, false
}
