package config

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
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
	if name := unknownSetting(os.Environ()); name != "" {
		return core.Errorf(core.CodeUnavailable, "cannot use the settings%s: unknown environment variable %s", c.inFile(), name)
	}
	err := envconfig.Process("", c)
	if pe, ok := errors.AsType[*envconfig.ParseError](err); ok {
		// Not pe.Error(): it quotes the value, and a password may have landed in the wrong line.
		return core.Errorf(core.CodeUnavailable, "cannot use the setting %s%s: it is no %s", pe.KeyName, c.inFile(), pe.TypeName)
	}
	if err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot read the settings%s", c.inFile()).Because(err)
	}
	return nil
}

// unknownSetting gives the first variable that is named like a setting and is none, "" where there is none. (For
// envconfig.CheckDisallowed the names must be made of the fields', by regular expressions, in each request.)
func unknownSetting(environment []string) string {
	var names []string
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "VPM_") {
			continue
		}
		if names == nil {
			names = settingNames()
		}
		if name, _, _ := strings.Cut(variable, "="); !slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

// settingNames are the settings, and where the settings file is.
func settingNames() []string {
	names := []string{"VPM_CONFIG"}
	for field := range reflect.TypeFor[Config]().Fields() {
		names = append(names, field.Tag.Get("envconfig"))
	}
	return names
}
