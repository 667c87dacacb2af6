package core

import "slices"

// Permission names something a person may do.
type Permission string

// The permissions of the contract; PermissionAll includes every other.
const (
	PermissionView   Permission = "instances.view"
	PermissionManage Permission = "instances.manage"
	PermissionCreate Permission = "instances.create"
	PermissionAll    Permission = "*"
)

// The roles of the contract.
const (
	RoleAdmin   = "admin"
	RoleManager = "manager"
	RoleViewer  = "viewer"
)

// User is a person who may log in; JSON names are those of the contract.
type User struct {
	ID          int64        `json:"id"`
	Username    string       `json:"username"`
	FullName    *string      `json:"full_name"`
	Email       *string      `json:"email"`
	Role        string       `json:"role"`
	Permissions []Permission `json:"permissions"`
}

// DefaultPermissions are what a role may do where its row lists no permissions at all. A row that has a
// list, even an empty one, means just that list.
func DefaultPermissions(role string) []Permission {
	switch role {
	case RoleAdmin:
		return []Permission{PermissionAll}
	case RoleManager:
		return []Permission{PermissionView, PermissionManage, PermissionCreate}
	case RoleViewer:
		return []Permission{PermissionView}
	}
	return []Permission{}
}

// May tells whether the user has a permission. The role admin may do everything; whoever may manage or
// create may also look, and whoever may manage may run the tick.
func (u User) May(p Permission) bool {
	if u.Role == RoleAdmin || slices.Contains(u.Permissions, PermissionAll) || slices.Contains(u.Permissions, p) {
		return true
	}
	switch p {
	case PermissionView:
		return slices.Contains(u.Permissions, PermissionManage) || slices.Contains(u.Permissions, PermissionCreate)
	case PermissionTick:
		return slices.Contains(u.Permissions, PermissionManage)
	}
	return false
}
