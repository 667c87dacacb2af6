package vpslab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// account is a user of the VPS.
type account struct {
	syscall.Credential
	name, home string
}

// lookUp reads the VPS's account files. os/user would ask those of the machine, or a name service.
func (v *VPS) lookUp(name string) (*account, error) {
	passwd, err := v.ReadFile("/etc/passwd")
	if err != nil {
		return nil, err
	}
	group, err := v.ReadFile("/etc/group")
	if err != nil {
		return nil, err
	}
	return parseAccount(name, string(passwd), string(group))
}

// parseAccount takes an account from the texts of passwd(5) and group(5).
func parseAccount(name, passwd, group string) (*account, error) {
	for line := range strings.Lines(passwd) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) != 7 || fields[0] != name {
			continue
		}
		uid, err := parseID(fields[2])
		if err != nil {
			return nil, err
		}
		gid, err := parseID(fields[3])
		if err != nil {
			return nil, err
		}
		a := &account{name: name, home: fields[5]}
		a.Uid, a.Gid = uid, gid
		a.Groups, err = parseGroups(name, group)
		return a, err
	}
	return nil, fmt.Errorf("cannot find the user %s in the VPS", name)
}

func parseGroups(member, group string) (ids []uint32, err error) {
	for line := range strings.Lines(group) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) != 4 || !slices.Contains(strings.Split(fields[3], ","), member) {
			continue
		}
		id, err := parseID(fields[2])
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	return uint32(id), err
}
