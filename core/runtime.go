package core

import "context"

// Runtime starts and stops instances in one mode.
type Runtime interface {
	// Mode says which mode this is.
	Mode() Mode
	// Start names the run that begins. It is called while the instance is locked.
	Start(ctx context.Context, in Instance) (PID, error)
	// Look sees all instances at once, for a request that reports many: Process and Observe then work with what ctx has.
	Look(ctx context.Context) (context.Context, error)
	// Process reports the process of an instance: in virtual mode from what is stored of it, in real mode from systemd.
	Process(ctx context.Context, r Record) (Process, error)
	// Lock waits for the instance's turn: whoever holds it is the only one, in all processes, to change what is
	// wanted of it and to carry that out. The context it gives is that of the turn. CodeBusy when others took too
	// long.
	Lock(ctx context.Context, r Record) (turn context.Context, unlock func() error, err error)
	// Settle makes what visitors meet agree with what is wanted, in the instance's turn. The gate goes to where
	// r.Gate.Entry says. CodeNotEffective means that this is not possible here, and says why.
	Settle(ctx context.Context, r Record) (Settled, error)
	// Observe looks, without asking the site itself, at what visitors meet.
	Observe(ctx context.Context, r Record) Evidence
	// Due tells whether what is not as wanted is to be put right by a tick now. What failed again and again is tried again
	// after longer and longer times, and what somebody else undoes again and again is left.
	Due(ctx context.Context, r Record, seen Evidence) (bool, error)
	// Release takes away whatever Settle may have left, before an instance is forgotten.
	Release(ctx context.Context, r Record) error
}

// Settled is what Settle did.
type Settled struct {
	Record   Record // what was wanted
	Entry    string // the directory whose .htaccess holds the gate, "" where none does
	Evidence Evidence
	Spared   []string // sites nested below that stay open though nobody registered them
	// Alternative is another Entry to try where visitors still reach the site, "" for none.
	Alternative string
}

// Server is the web server that a request came through, as it told the program.
type Server struct {
	Address string // SERVER_ADDR
	Port    int    // SERVER_PORT
}

type serverKey struct{}

// WithServer gives a context that knows the web server.
func WithServer(ctx context.Context, s Server) context.Context {
	return context.WithValue(ctx, serverKey{}, s)
}

// ServerOf gives the web server of a context, zero where it knows none.
func ServerOf(ctx context.Context) Server {
	s, _ := ctx.Value(serverKey{}).(Server)
	return s
}
