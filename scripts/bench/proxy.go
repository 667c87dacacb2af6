package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
)

// proxy stands between a program and MariaDB and notes what the program sends.
type proxy struct {
	listener net.Listener
	server   string // its socket

	mu     sync.Mutex
	cond   *sync.Cond
	open   int // connections
	begun  int
	noted  traffic
	failed error
}

// traffic is what waited for the server: packets of the handshake, then commands. (A packet has a header of four
// bytes: three of length, and a number that is 0 in each first packet of a command.)
type traffic struct {
	handshake int
	commands  []string // first words
	// statements are their whole texts; of another command its number.
	statements []string
}

func newProxy(socket, server string) (*proxy, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	p := &proxy{listener: l, server: server}
	p.cond = sync.NewCond(&p.mu)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			p.mu.Lock()
			p.open++
			p.begun++
			p.mu.Unlock()
			go p.serve(conn)
		}
	}()
	return p, nil
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	err := p.pass(client)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	if err != nil && p.failed == nil {
		p.failed = err
	}
	p.cond.Broadcast()
}

// pass carries a connection until the client ends it.
func (p *proxy) pass(client net.Conn) error {
	server, err := net.Dial("unix", p.server)
	if err != nil {
		return err
	}
	defer server.Close()
	go io.Copy(client, server)
	for {
		packet := make([]byte, 4)
		if _, err := io.ReadFull(client, packet); err != nil {
			return nil // the client has ended
		}
		length := binary.LittleEndian.Uint32([]byte{packet[0], packet[1], packet[2], 0})
		packet = append(packet, make([]byte, length)...)
		if _, err := io.ReadFull(client, packet[4:]); err != nil {
			return err
		}
		p.note(packet[3], packet[4:])
		if _, err := server.Write(packet); err != nil {
			return err
		}
	}
}

// Commands of the protocol that matter here.
const (
	comQuit  = 0x01 // has no answer
	comQuery = 0x03
)

func (p *proxy) note(number byte, payload []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case number != 0:
		p.noted.handshake++
	case len(payload) == 0 || payload[0] == comQuit:
	case payload[0] == comQuery:
		words := strings.Fields(string(payload[1:]))
		p.noted.commands = append(p.noted.commands, strings.ToUpper(words[0]))
		p.noted.statements = append(p.noted.statements, string(payload[1:]))
	default:
		p.noted.commands = append(p.noted.commands, fmt.Sprintf("command %#x", payload[0]))
		p.noted.statements = append(p.noted.statements, "")
	}
}

// take waits until the program has ended its connection and gives what went through since the last call.
func (p *proxy) take() (traffic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.open > 0 {
		p.cond.Wait()
	}
	if p.failed == nil && p.begun != 1 {
		return traffic{}, fmt.Errorf("cannot count round trips: the program made %d connections", p.begun)
	}
	t, err := p.noted, p.failed
	p.noted, p.failed, p.begun = traffic{}, nil, 0
	return t, err
}

func (p *proxy) close() error { return p.listener.Close() }
