package gateway

import (
	"bytes"
	"io"
	"net"
	"time"
)

// handOn gives a web server's connection to the server that listens on s.HandOn, and returns false where nobody does or
// this user may not connect: nothing has been read from it then. Both sides speak FastCGI, so bytes pass as they are.
func (s *Server) handOn(web net.Conn) bool {
	if s.HandOn == "" || !isSocket(s.HandOn) {
		return false
	}
	server, err := net.DialTimeout("unix", s.HandOn, handOnConnect)
	if err != nil {
		return false
	}
	s.begin()
	go func() {
		defer s.end()
		relay(web, server.(*net.UnixConn))
	}()
	return true
}

// relay passes on what both say until the server has said all.
func relay(web net.Conn, server *net.UnixConn) {
	defer web.Close()
	defer server.Close()
	limit := time.Now().Add(handOnLimit)
	// They fail on a connection that is closed already, which the first read tells.
	_, _ = web.SetDeadline(limit), server.SetDeadline(limit)
	var first recordHeader
	if _, err := io.ReadFull(web, first[:]); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, io.MultiReader(bytes.NewReader(first[:]), web)) // why it ended, the other direction tells
		_ = server.CloseWrite()
	}()
	if n, _ := io.Copy(web, server); n == 0 {
		b := appendStream(nil, kindStdout, first.id(), noAnswer())
		b = appendEnd(appendStream(b, kindStdout, first.id(), nil), first.id(), endComplete)
		_, _ = web.Write(b) // a web server that has gone needs no answer
	}
}
