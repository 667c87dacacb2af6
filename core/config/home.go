package config

import (
	"os/user"
	"path/filepath"

	"vpm/core"
)

// homeDir is the home of the account the program runs as. The user database is asked, since suEXEC passes no
// HOME. Accounts of daemons have homes nobody should write to.
func homeDir() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(u.HomeDir) || u.HomeDir == "/" || u.HomeDir == "/nonexistent" {
		return "", core.Errorf(core.CodeNotFound, "cannot find the home of user %s", u.Username)
	}
	return filepath.Clean(u.HomeDir), nil
}
