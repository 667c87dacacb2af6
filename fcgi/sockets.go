package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"

	"vpm/core/gateway"
)

// socketMode lets the web server's group in, which the directory or the person who starts the server decides.
const socketMode = 0o660

// socket is one that requests come through.
type socket struct {
	net.Listener
	own string // path of a unix socket that this process made
}

type sockets []socket

// openSockets takes the sockets that systemd passes (sd_listen_fds(3)) and opens those that were asked for.
func openSockets(listen []string) (_ sockets, err error) {
	var list sockets
	defer func() {
		if err != nil {
			list.close()
		}
	}()
	for _, f := range activation.Files(true) {
		l, err := net.FileListener(f) // which works on a copy
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("cannot use the socket %s that systemd passes: %w", f.Name(), err)
		}
		list = append(list, socket{Listener: gateway.Passed{Listener: l}})
		if err := local(l.Addr()); err != nil {
			return nil, fmt.Errorf("cannot use the socket %s that systemd passes: %w", f.Name(), err)
		}
	}
	for _, name := range listen {
		s, err := open(name)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on %s: %w", name, err)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, errors.New("cannot serve without a socket: start vpm.socket, or give --listen unix:/path or --listen tcp:127.0.0.1:9000")
	}
	return list, nil
}

// local refuses an address that others than this machine reach: whoever can speak FastCGI says who the client is.
func local(a net.Addr) error {
	t, ok := a.(*net.TCPAddr)
	if !ok || t.IP.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s is not a loopback address, and FastCGI believes whoever connects", a)
}

func open(name string) (socket, error) {
	network, address, _ := strings.Cut(name, ":")
	switch network {
	case "unix":
		if !filepath.IsAbs(address) {
			return socket{}, errors.New("it needs an absolute path, as unix:/run/vpmd/vpm.sock")
		}
		return openUnix(address)
	case "tcp":
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return socket{}, errors.New("it needs an address and a port, as tcp:127.0.0.1:9000")
		}
		if err := local(net.TCPAddrFromAddrPort(ap)); err != nil {
			return socket{}, err
		}
		l, err := net.Listen("tcp", address)
		return socket{Listener: l}, err
	}
	return socket{}, errors.New("it must begin with unix: and a path, or tcp: and an address")
}

// openUnix makes a socket at path, where a predecessor that was killed may have left one.
func openUnix(path string) (socket, error) {
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeDead(path); err != nil {
			return socket{}, err
		}
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		return socket{}, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // by then it may be a successor's
	if err := os.Chmod(path, socketMode); err != nil {
		l.Close()
		return socket{}, errors.Join(err, os.Remove(path))
	}
	return socket{l, path}, nil
}

// removeDead removes a socket that nobody listens on, and nothing else.
func removeDead(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return errors.New("there is a file of another kind")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return errors.New("another server listens there")
	}
	return os.Remove(path)
}

func (s sockets) listeners() []net.Listener {
	list := make([]net.Listener, len(s))
	for i, one := range s {
		list[i] = one.Listener
	}
	return list
}

func (s sockets) names() []string {
	list := make([]string, len(s))
	for i, one := range s {
		list[i] = one.Addr().Network() + ":" + one.Addr().String()
	}
	return list
}

// remove removes the names of the sockets that this process made. Failing, a successor does it.
func (s sockets) remove() {
	for _, one := range s {
		if one.own != "" {
			_ = os.Remove(one.own)
		}
	}
}

func (s sockets) close() {
	s.remove()
	for _, one := range s {
		one.Close()
	}
}
