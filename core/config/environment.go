package config

import (
	"errors"
	"os"
	"sync"

	"github.com/kelseyhightower/envconfig"

	"vpm/core"
)

// environmentLock guards the process environment while envconfig, which knows no other source, reads it.
var environmentLock sync.Mutex

// fromEnvironment fills c from the environment and, for what is not there, from values. The values are taken
// out of the environment again, so that no child process inherits a password.
func (c *Config) fromEnvironment(values fileValues) error {
	environmentLock.Lock()
	defer environmentLock.Unlock()
	for name, value := range values.settings {
		if _, there := os.LookupEnv(name); there {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return core.Errorf(core.CodeUnavailable, "cannot use the setting %s in %s: it holds a NUL", name, values.file)
		}
		defer os.Unsetenv(name)
	}
	if err := envconfig.CheckDisallowed("vpm", &known{}); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot use the settings%s: %w", c.inFile(), err)
	}
	err := envconfig.Process("vpm", c)
	if pe, ok := errors.AsType[*envconfig.ParseError](err); ok {
		// Not pe.Error(): it quotes the value, and a password may have landed in the wrong line.
		return core.Errorf(core.CodeUnavailable, "cannot use the setting %s%s: it is no %s", pe.KeyName, c.inFile(), pe.TypeName)
	}
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot read the settings%s", c.inFile()).Because(err)
	}
	return nil
}

// known is every name that may begin with VPM_: the settings, and where the settings file is.
type known struct {
	Config
	SettingsFile string `envconfig:"CONFIG"`
}
