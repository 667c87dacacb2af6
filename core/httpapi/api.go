// Package httpapi is the wire contract: one table of routes, the decoding of what clients send, and the one
// map from errors to HTTP. It answers alike under CGI and FastCGI.
package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"vpm/core"
)

// API answers the requests of the contract.
type API struct {
	Log zerolog.Logger
	// Backend gives what requests work with. It is asked only once a request needs the database, so that
	// bad requests are answered whatever state that is in.
	Backend func() (*Backend, error)
	Setup   Setup
	// Timeout bounds one request.
	Timeout time.Duration
	// TickBudget is how long a tick may take; its request has a little more.
	TickBudget time.Duration
	// SessionTTL is how long the cookie of a login lasts.
	SessionTTL time.Duration
	// TrustedProxies are believed about who the client is and whether it used HTTPS.
	TrustedProxies []netip.Prefix
	// Warnings are shown to administrators when they log in.
	Warnings []string
	// Metrics writes what a server measures of itself and of the instances; nil where no server runs, as under CGI.
	Metrics http.Handler
	// Observe hears of every request that was answered: the name of its route, "" for none. nil: nobody does.
	Observe func(route, method string, status int, took time.Duration)
	// Changed hears of each change that an administrator has made, before it is answered; nil is nobody.
	Changed func(ctx context.Context)

	origins *origins
}

// Backend is the domain on an open database.
type Backend struct {
	Manager *core.Manager
	Tick    *core.Tick
	Auth    Auth
	Tokens  Tokens
	People  People
	Sites   Sites
	Moves   Moves
	Backups Backups
	// Create registers an instance and lays its directory out.
	Create func(ctx context.Context, by core.Actor, n core.NewInstance, l Layout) (core.Record, LaidOut, error)
	// Mode says in which mode instances run here, and what is missing for the other, as JSON has it.
	Mode func(ctx context.Context) any
	// Sudo says for administrators how far the installation through sudo is, and that the line for it is equivalent to
	// root, as JSON has it; nil where there is nothing to say.
	Sudo func(ctx context.Context) any
	// Doctor makes the checks of the installation that need no right beyond the panel's own.
	Doctor func(ctx context.Context, asked Asked) []core.Check
	// Account measures what the whole hosting account uses; nil where the host does not show it.
	Account func(ctx context.Context) any
	// Real gives what an instance's own process uses, as JSON has it; nil where it has none, and the func is nil where no
	// instance has.
	Real func(ctx context.Context, in core.Instance) any
	// Journal gives the last lines, at most n, of the journal of an instance's own process, nil for one that has none; nil
	// where none have.
	Journal func(ctx context.Context, in core.Instance, n int) *Journal
	// Outdated tells whether the tables are of an older version, so that only an upgrade may be asked for.
	Outdated func(ctx context.Context) (bool, error)
	// Migrate upgrades the tables and gives the version they had.
	Migrate func(ctx context.Context, by core.Actor) (from int, err error)
}

// Auth are the doors of core/auth.
type Auth struct {
	Login   func(ctx context.Context, address, username, password string) (core.Grant, error)
	Session func(ctx context.Context, token string) (core.Session, error)
	// SessionReading also reads the instance of that id, nil where there is none.
	SessionReading func(ctx context.Context, token, id string) (core.Session, *core.Record, error)
	Logout         func(ctx context.Context, s core.Session) error
}

// Tokens are the doors of API tokens.
type Tokens struct {
	Issue  func(ctx context.Context, by core.Actor, name, scope string) (string, core.APIToken, error)
	List   func(ctx context.Context) ([]core.APIToken, error)
	Revoke func(ctx context.Context, by core.Actor, id int64) error
}

// Setup are the doors of core/setup.
type Setup struct {
	State func(ctx context.Context) (core.SetupState, error)
	Run   func(ctx context.Context, r core.SetupRequest) error
	// Try does what Run does up to where that would save something; taken: the database has an administrator.
	Try func(ctx context.Context, r core.SetupRequest) (taken bool, err error)
	// Checks is what the program sees of the host.
	Checks    func(ctx context.Context, https bool) []core.Check
	ResetFile func() (string, error)
	Reset     func(ctx context.Context, r core.ResetRequest) error
}

// New checks the trusted origins and returns a handler for them.
func New(a API, trustedOrigins []string) (*API, error) {
	o, err := newOrigins(trustedOrigins)
	if err != nil {
		return nil, err
	}
	a.origins = o
	return &a, nil
}

// call is one request on its way through a handler.
type call struct {
	*http.Request
	backend *Backend
	client  client
	// operator is who asks from a shell, nil for whoever comes through the web.
	operator *core.Actor
	session  core.Session
	body     []byte
	route    route
	found    bool   // there is such a route
	part     string // what stands for its *
	// header and status are those of the answer; status 0 is 200.
	header http.Header
	status int
}

func (c *call) actor() core.Actor {
	if c.operator != nil {
		return *c.operator
	}
	return core.Actor{UserID: c.session.User.ID, Name: c.session.User.Username, Address: c.client.address}
}

// ServeHTTP answers one request, whatever happens in it: net/http/fcgi would end the process on a panic and
// CGI would leave the client with the web server's error page.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.serve(w, r, nil) }

func (a *API) serve(w http.ResponseWriter, r *http.Request, operator *core.Actor) {
	began := time.Now()
	c := &call{header: http.Header{}, client: a.client(r), operator: operator}
	c.route, c.part, c.found = find(r.Method, r.URL.Path)
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout(c.route))
	defer cancel()
	c.Request = r.WithContext(ctx)
	value, err := a.protect(c)
	a.write(w, c, value, err)
	if a.Observe != nil {
		a.Observe(c.route.name, r.Method, c.status, time.Since(began))
	}
}

// timeout is that of a request: the tick has its own.
func (a *API) timeout(r route) time.Duration {
	if r.access == tick {
		return max(a.Timeout, a.TickBudget+tickMargin)
	}
	return a.Timeout
}

// protect turns a panic into an error with the stack.
func (a *API) protect(c *call) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			value, err = nil, panicked(p)
		}
	}()
	return a.answer(c)
}

func (a *API) answer(c *call) (any, error) {
	// The body is read whatever becomes of the request: mod_cgid cuts the answer to a client whose body
	// was left unread.
	body, bodyErr := readBody(c.Request)
	c.body = body
	a.origins.mark(c)
	if !c.found {
		return nil, core.Errorf(core.CodeNotFound, "cannot find this endpoint")
	}
	r := c.route
	switch {
	case c.Method == http.MethodOptions:
		c.header.Set("Allow", r.methods+", OPTIONS")
		c.status = http.StatusNoContent
		return nil, nil
	case !r.allows(c.Method):
		c.header.Set("Allow", r.methods+", OPTIONS")
		return nil, core.Errorf(codeMethod, "cannot use %s here, only %s", c.Method, r.methods)
	case bodyErr != nil:
		return nil, bodyErr
	}
	if err := a.origins.check(c.Request); err != nil {
		return nil, err
	}
	if err := a.authorize(c, r); err != nil {
		return nil, err
	}
	value, err := r.handle(a, c)
	if err == nil && a.Changed != nil && r.changes(c.Method) && c.session.User.May(core.PermissionAll) {
		a.Changed(c.Context())
	}
	return value, err
}

// authorize checks who calls and whether they may.
func (a *API) authorize(c *call, r route) error {
	if r.access == viewOrHere {
		if c.onThisMachine(a) {
			return nil
		}
		r.access = view
	}
	if r.access == public {
		return nil
	}
	if c.operator != nil {
		return a.authorizeOperator(c, r)
	}
	token := presentedToken(c.Request, c.client.https)
	if token == "" && r.access == tick { // what calls it from cron often cannot send headers
		token = c.URL.Query().Get("token")
	}
	if token == "" {
		return core.Errorf(core.CodeUnauthenticated, "No token provided")
	}
	backend, err := a.Backend()
	if err != nil {
		return err
	}
	c.backend = backend
	if err := c.readSession(r, token); err != nil {
		return err
	}
	return c.permit(r)
}

// permit checks whether the session may use a route.
func (c *call) permit(r route) error {
	switch {
	case r.access != loggedIn && !c.session.User.May(core.Permission(r.access)):
		return core.Errorf(core.CodeForbidden, "Permission denied")
	case c.session.Outdated && r.name != "migrate" && r.access != loggedIn:
		return core.Errorf(core.CodeUnavailable, "cannot use the database before it is upgraded: an administrator must POST to /api/migrate.php")
	}
	return nil
}

// readSession reads the session and, for a route that reads one instance, that instance in the same round trip.
func (c *call) readSession(r route, token string) (err error) {
	id := c.part
	switch {
	case id != "":
	case r.access == view:
		id = c.URL.Query().Get("instance_id")
	case r.access == manage:
		var in change
		if c.decodeBody(&in) == nil { // the handler will say what is wrong with it
			id = in.ID
		}
	}
	if id == "" || core.CheckID(id) != nil {
		c.session, err = c.backend.Auth.Session(c.Context(), token)
		return err
	}
	session, record, err := c.backend.Auth.SessionReading(c.Context(), token, id)
	if err != nil {
		return err
	}
	c.session = session
	if record != nil {
		c.Request = c.WithContext(core.WithRecord(c.Context(), id, *record))
	}
	return nil
}
