package core

// DatabaseChoice is a database as a person chooses it at set-up.
type DatabaseChoice struct {
	Driver                             string // "mysql", "sqlite", or "" for the one that is configured
	Host, Socket, Name, User, Password string
	Port                               int
}

// SetupState says whether set-up is open, and which file holds its code.
type SetupState struct {
	Needed   bool   `json:"needed"`
	CodeFile string `json:"code_file,omitempty"`
	// DatabaseConfigured tells that none has to be chosen.
	DatabaseConfigured bool `json:"database_configured"`
}

// SetupRequest is what set-up needs to know.
type SetupRequest struct {
	Code               string
	Database           DatabaseChoice
	Username, Password string
	Address            string // of the client
}

// ResetRequest is what a password reset needs to know.
type ResetRequest struct {
	Code, Username, Password string
	Address                  string // of the client
}
