package httpapi

import (
	"net/http"

	"vpm/core"
)

// setup answers GET with whether set-up is open and which file holds its code, and POST by doing it.
func (a *API) setup(c *call) (any, error) {
	if c.Method == http.MethodGet {
		st, err := a.Setup.State(c.Context())
		return struct {
			Success bool `json:"success"`
			core.SetupState
		}{true, st}, err
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
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	err := a.Setup.Run(c.Context(), core.SetupRequest{
		Code: in.Code, Username: in.Username, Password: in.Password, Address: c.client.address,
		Database: core.DatabaseChoice{Driver: in.Driver, Host: in.Host, Port: int(in.Port), Socket: in.Socket,
			Name: in.Name, User: in.User, Password: in.DBPass},
	})
	if err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return messageAnswer{true, "vpm is set up; log in as " + in.Username}, nil
}

func (a *API) reset(c *call) (any, error) {
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
