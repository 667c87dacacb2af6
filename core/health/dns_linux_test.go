package health

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
)

// nameServer answers what a name leads to: the n-th time it is asked, what stands in the n-th place, and the last for
// ever after.
type nameServer struct {
	mu    sync.Mutex
	names map[string][][]net.IP
	asked map[string]int // by the name and the type of the question
}

// start serves over UDP, and gives a resolver that knows no other server.
func (s *nameServer) start(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(s.answer(packet[:n]), from)
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// answer repeats the one question of a query (RFC 1035, section 4) and adds the addresses of the type asked for.
func (s *nameServer) answer(query []byte) []byte {
	var labels []string
	at := 12
	for query[at] != 0 {
		labels = append(labels, string(query[at+1:at+1+int(query[at])]))
		at += 1 + int(query[at])
	}
	question := query[12 : at+5]
	kind := binary.BigEndian.Uint16(query[at+1:])
	var found []net.IP
	for _, ip := range s.next(strings.Join(labels, "."), kind) {
		if v4 := ip.To4(); v4 != nil && kind == 1 {
			found = append(found, v4)
		} else if v4 == nil && kind == 28 {
			found = append(found, ip)
		}
	}
	out := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, byte(len(found)), 0, 0, 0, 0}, question...)
	for _, ip := range found {
		out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(ip)))
		out = append(out, ip...)
	}
	return out
}

func (s *nameServer) next(name string, kind uint16) []net.IP {
	s.mu.Lock()
	defer s.mu.Unlock()
	sets := s.names[strings.ToLower(name)]
	if len(sets) == 0 {
		return nil
	}
	key := name + string(rune('0'+kind))
	i := min(s.asked[key], len(sets)-1)
	s.asked[key]++
	return sets[i]
}

// forget begins the count of the questions anew.
func (s *nameServer) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.asked)
}
