package lab

import (
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// Proxy stands between programs and a MariaDB, and cuts them off from it at a command of their choice.
type Proxy struct {
	Socket string

	server string
	mu     sync.Mutex
	left   int // commands that still go through; negative: all
	cut    bool
	conns  map[net.Conn]bool
}

// NewProxy starts a proxy for the server of this socket, until the test ends.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	p := &Proxy{Socket: filepath.Join(NewDir(t), "proxy.sock"), server: server, left: -1, conns: map[net.Conn]bool{}}
	l, err := net.Listen("unix", p.Socket)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.CutAfter(0)
		serving.Wait()
	})
	return p
}

// CutAfter lets n more commands through. The next one ends its connection, and there are no new ones until CutAfter is called
// again; -1 lets all through.
func (p *Proxy) CutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.cut = n, false
	if n == 0 {
		p.end()
	}
}

// Cut tells whether that has happened.
func (p *Proxy) Cut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut
}

// end closes all connections. The lock is held.
func (p *Proxy) end() {
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.cut = true
}

// may tells whether a connection or a command goes through.
func (p *Proxy) may(command bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false
	}
	if !command || p.left < 0 {
		return true
	}
	if p.left == 0 {
		p.end()
		return false
	}
	p.left--
	return true
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	if !p.may(false) {
		return
	}
	server, err := net.Dial("unix", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	cut := p.cut
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}()
	if cut { // meanwhile, and nobody closes these
		return
	}
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	p.forward(client, server)
}

// forward passes packets on: a length of three bytes, a number that is 0 in each command, and so many bytes.
func (p *Proxy) forward(client io.Reader, server io.Writer) {
	head := make([]byte, 4)
	for {
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		packet := make([]byte, 4+binary.LittleEndian.Uint32(append(head[:3:3], 0)))
		copy(packet, head)
		if _, err := io.ReadFull(client, packet[4:]); err != nil {
			return
		}
		const quit = 1 // nobody waits for its answer
		if head[3] == 0 && (len(packet) < 5 || packet[4] != quit) && !p.may(true) {
			return
		}
		if _, err := server.Write(packet); err != nil {
			return
		}
	}
}
