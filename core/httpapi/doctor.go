package httpapi

import (
	"path"

	"vpm/core"
)

// Asked is how a request for the checks of the installation came.
type Asked struct {
	Shell bool   // from a shell, past the web server
	HTTPS bool   // encrypted
	API   string // the address of the API in it, as https://your.site/api; "" from a shell
}

// doctor makes the checks of the installation.
func (a *API) doctor(c *call) (any, error) {
	asked := Asked{Shell: c.operator != nil, HTTPS: c.client.https}
	if !asked.Shell {
		scheme := "http"
		if asked.HTTPS {
			scheme = "https"
		}
		asked.API = scheme + "://" + c.Host + path.Dir(path.Clean("/"+c.URL.Path))
	}
	checks := c.backend.Doctor(c.Context(), asked)
	return struct {
		Success bool             `json:"success"`
		Result  core.CheckResult `json:"result"`
		Checks  []core.Check     `json:"checks"`
	}{true, worst(checks), checks}, nil
}

// worst is failed or warning where a check came to that, else ok.
func worst(checks []core.Check) core.CheckResult {
	result := core.CheckOK
	for _, c := range checks {
		switch {
		case c.Result == core.CheckFailed:
			return core.CheckFailed
		case c.Result == core.CheckWarning:
			result = core.CheckWarning
		}
	}
	return result
}
