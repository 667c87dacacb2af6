package httpapi

import (
	"net/http"
	"slices"

	"vpm/core"
)

// origins is which other web origins may call: none but the configured ones.
type origins struct {
	trusted    []string
	protection *http.CrossOriginProtection
}

func newOrigins(trusted []string) (*origins, error) {
	o := &origins{trusted, http.NewCrossOriginProtection()}
	for _, t := range trusted {
		if err := o.protection.AddTrustedOrigin(t); err != nil {
			return nil, core.Errorf(core.CodeUnavailable, "cannot use the setting VPM_TRUSTED_ORIGINS: %w", err)
		}
	}
	return o, nil
}

// check refuses changes that a page of another origin asks for, with or without a cookie: a login from there
// would be one too.
func (o *origins) check(r *http.Request) error {
	if err := o.protection.Check(r); err != nil {
		return core.Errorf(core.CodeForbidden, "cannot accept this from a page of another site: add its origin to VPM_TRUSTED_ORIGINS").Because(err)
	}
	return nil
}

// mark lets the pages of a trusted origin read the answer (CORS).
func (o *origins) mark(c *call) {
	if len(o.trusted) == 0 {
		return
	}
	c.header.Add("Vary", "Origin")
	origin := c.Header.Get("Origin")
	if !slices.Contains(o.trusted, origin) {
		return
	}
	c.header.Set("Access-Control-Allow-Origin", origin)
	c.header.Set("Access-Control-Allow-Credentials", "true")
	if c.Method == http.MethodOptions {
		c.header.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		c.header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Auth-Token")
		c.header.Set("Access-Control-Max-Age", "600")
	}
}
