package httpapi

import (
	"net/http"

	"vpm/core"
)

// setup answers GET with whether set-up is open and which file holds its code, and POST by doing it.
func (a *API) setup(c *call) (any, error) {
	if c.Method == http.MethodGet {
		return a.setupState(c)
	}
	var in struct {
		Code     string `json:"code" schema:"code"`
		Driver   string `json:"db_driver" schema:"db_driver"`
		Host     string `json:"db_host" schema:"db_host"`
		Port     number `json:"db_port" schema:"db_port"`
		Socket   string `json:"db_socket" schema:"db_socket"`
		Name     string `json:"db_name" schema:"db_name"`
		User     string `json:"db_user" schema:"db_user"`
		DBPass   string `json:"db_password" schema:"db_password"`
		Username string `json:"username" schema:"username"`
		Password string `json:"password" schema:"password"`
		Try      bool   `json:"try" schema:"try"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	request := core.SetupRequest{
		Code: in.Code, Username: in.Username, Password: in.Password, Address: c.client.address,
		Database: core.DatabaseChoice{Driver: in.Driver, Host: in.Host, Port: int(in.Port), Socket: in.Socket,
			Name: in.Name, User: in.User, Password: in.DBPass},
	}
	if in.Try {
		return a.trySetup(c, request)
	}
	if err := a.Setup.Run(c.Context(), request); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return messageAnswer{true, "vpm is set up; log in as " + in.Username}, nil
}

// setupState tells how set-up stands and, where that is asked for, what the program sees of the host: strangers may know
// that only as long as set-up is open.
func (a *API) setupState(c *call) (any, error) {
	st, err := a.Setup.State(c.Context())
	if err != nil {
		return nil, err
	}
	answer := struct {
		Success bool `json:"success"`
		core.SetupState
		Checks  []core.Check `json:"checks,omitempty"`
		Arrived []string     `json:"arrived,omitempty"`
	}{Success: true, SetupState: st}
	if c.URL.Query().Get("check") == "" {
		return answer, nil
	}
	if !st.Needed {
		if err := a.authorize(c, route{name: "setup", access: admin}); err != nil {
			return nil, err
		}
	}
	answer.Checks = a.Setup.Checks(c.Context(), c.client.https)
	// Whoever asks knows which of these it sent.
	for _, name := range []string{"Authorization", "X-Auth-Token"} {
		if c.Header.Get(name) != "" {
			answer.Arrived = append(answer.Arrived, name)
		}
	}
	return answer, nil
}

// trySetup checks the code and the choice of a database without saving anything.
func (a *API) trySetup(c *call, r core.SetupRequest) (any, error) {
	taken, err := a.Setup.Try(c.Context(), r)
	switch {
	case err != nil:
		return nil, err
	case taken:
		return messageAnswer{true, "This database has tables of vpm with an administrator in them: after set-up, log in as that one"}, nil
	case r.Database.Driver == "":
		return messageAnswer{true, "The code is right"}, nil
	}
	return messageAnswer{true, "The database can be used"}, nil
}

// reset answers GET with the file that holds the code, and POST by setting a new password.
func (a *API) reset(c *call) (any, error) {
	if c.Method == http.MethodGet {
		file, err := a.Setup.ResetFile()
		if err != nil {
			return nil, err
		}
		return struct {
			Success  bool   `json:"success"`
			CodeFile string `json:"code_file"`
		}{true, file}, nil
	}
	var in struct {
		Code     string `json:"code" schema:"code"`
		Username string `json:"username" schema:"username"`
		Password string `json:"password" schema:"password"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if in.Code == "" {
		file, err := a.Setup.ResetFile()
		if err != nil {
			return nil, err
		}
		return nil, core.Errorf(core.CodeForbidden, "cannot reset a password without the code: open the file %s in your file manager and enter the code in its first line", file)
	}
	err := a.Setup.Reset(c.Context(), core.ResetRequest{Code: in.Code, Username: in.Username, Password: in.Password, Address: c.client.address})
	if err != nil {
		return nil, err
	}
	return messageAnswer{true, "Password changed; all sessions of " + in.Username + " are ended"}, nil
}
