package vpslab

import "os"

// Name names the VPS's cgroups, its notification socket and its directory.
func (v *VPS) Name() string { return v.name }

// Dir is where the changes are kept.
func (v *VPS) Dir() string { return v.dir }

// Keeper is the process that clears the VPS away.
func (v *VPS) Keeper() *os.Process { return v.keeper.Process }

var (
	ParseAccount = parseAccount
	OnOwnThread  = onOwnThread
)
