package relocate

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/config"
)

// here tells whether a configuration means the database server of this machine.
func here(host, socket string) bool {
	if socket != "" {
		return exists(socket)
	}
	name, err := os.Hostname()
	switch strings.ToLower(host) {
	case "", "localhost", "127.0.0.1", "::1":
		return true
	}
	return err == nil && strings.EqualFold(host, name)
}

// setting gives what a setting is to be here, and whether it stays at all.
func (a account) setting(name, value string) (is string, stays bool) {
	local := here(a.settings.DBHost, a.settings.DBSocket)
	switch name {
	case "VPM_DATA_DIR", "VPM_INSTANCES_DIR", "VPM_SHARED_CORES", "VPM_LOG_FILE":
		return a.now(value), true
	case "VPM_DB_HOST":
		if !local {
			return "localhost", true
		}
	case "VPM_DB_SOCKET", "VPM_DB_PORT":
		return value, local
	}
	return value, true
}

// moved are the settings as they are to be.
func (a account) moved() *config.Config {
	c := *a.settings
	c.DataDir, c.InstancesDir = a.now(c.DataDir), a.now(c.InstancesDir)
	if c.DBDriver == config.MySQL && !here(c.DBHost, c.DBSocket) {
		c.DBHost, c.DBSocket, c.DBPort = "localhost", "", 0
	}
	return &c
}

// settingsStep writes the settings anew where they name what was on the shared host.
func (p *Plan) settingsStep() error {
	file := p.account.settings.File
	text, err := os.ReadFile(file)
	if err != nil {
		return cannot("read the settings", err)
	}
	if filepath.Base(file) == ".env" { // another program's, who reads it as well
		if c := p.account.settings; !here(c.DBHost, c.DBSocket) {
			return core.Errorf(core.CodeConflict, "cannot adopt %s: %s names the database server %s, which is not this one; change that to localhost",
				p.account.home, file, c.DBHost+c.DBSocket)
		}
		return nil
	}
	var changes strings.Builder
	is := config.Edit(string(text), func(name, value string) (string, bool) {
		is, stays := p.account.setting(name, value)
		if !stays {
			changes.WriteString("- " + name + "=" + value + "\n")
		} else if is != value {
			changes.WriteString("- " + name + "=" + value + "\n+ " + name + "=" + is + "\n")
		}
		return is, stays
	})
	if is == string(text) {
		return nil
	}
	p.add(step{what: "change " + file, detail: changes.String(), do: func(context.Context) error {
		info, err := os.Lstat(file)
		if err == nil {
			err = atomicfile.Replace(file, []byte(is), info)
		}
		return cannot("change "+file, err)
	}})
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
