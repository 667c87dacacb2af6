package core

import (
	"encoding/json"
	"time"
)

// Mode says what a start drives: rows and rules on a shared host, or real processes on a server.
type Mode string

// The two modes.
const (
	ModeVirtual Mode = "virtual"
	ModeReal    Mode = "real"
)

// RunStatus is what the database says of a run.
type RunStatus string

// The values of the contract.
const (
	RunRunning RunStatus = "running"
	RunStopped RunStatus = "stopped"
	RunError   RunStatus = "error"
)

// Run is the row of virtual_processes: the current run of an instance, or its last one. The zero Run means
// that the instance was never started.
type Run struct {
	VirtualPID string
	Status     RunStatus
	StartedAt  Timestamp
	StoppedAt  Timestamp
}

// Record is what is stored of one instance.
type Record struct {
	Instance Instance
	Run      Run
	Gate     Gate
	Usage    Usage // the last measurement; zero MeasuredAt where there is none
	Watch    Watch // what the ticks know
	ReadAt   Timestamp
}

// Running tells whether the instance is started: it is wanted and has a run.
func (r Record) Running() bool {
	return r.Instance.Status == StatusActive && r.Run.Status == RunRunning
}

// Stopped tells whether nothing is left to stop.
func (r Record) Stopped() bool {
	return r.Instance.Status == StatusInactive && r.Run.Status != RunRunning
}

// PID names a process: a virtual PID (a JSON string), the PID of an FPM master (a JSON number), or nothing
// (null).
type PID struct {
	Virtual string
	Real    int
}

// MarshalJSON writes the form of the contract.
func (p PID) MarshalJSON() ([]byte, error) {
	switch {
	case p.Real > 0:
		return json.Marshal(p.Real)
	case p.Virtual != "":
		return json.Marshal(p.Virtual)
	}
	return []byte("null"), nil
}

// Process is an instance's process as the contract reports it. Its PID is null unless it runs.
type Process struct {
	PID       PID       `json:"pid"`
	Status    RunStatus `json:"status"`
	Mode      Mode      `json:"mode"`
	Socket    *string   `json:"socket"`
	StartedAt Timestamp `json:"started_at"`
}

// Usage is what an instance uses, in bytes and statements, as last measured.
type Usage struct {
	Memory         int64 // estimated
	DiskUsage      int64 // apparent size, as the contract has it
	DiskAllocated  int64 // what a quota counts
	Files          int64 // and directories: what an inode quota counts
	DatabaseSize   int64
	DatabaseTables int64
	Queries        int64 // estimated
	// CMS is what the instance's files say it is.
	CMS CMS
	// ChangedAt is the newest change seen in the tree; zero: not known.
	ChangedAt  time.Time
	Evidence   UsageEvidence
	MeasuredAt time.Time // zero: never measured
}

// CMS is a content management system as its files name it. The zero CMS is none that is known.
type CMS struct {
	Type    string // one of CMSTypes
	Version string
}

// UsageEvidence says how each figure of a Usage was obtained, so that nobody takes a 0 that stands for
// "could not be seen" for a measured one.
type UsageEvidence struct {
	Disk     string `json:"disk_usage"`    // "measured", "partial: …" or "unknown: …"
	Database string `json:"database_size"` // "measured" or "unknown: …"
	Memory   string `json:"memory"`        // "estimated: …" or "unknown: …"
	Queries  string `json:"queries"`       // likewise
	// Walk says how far a walk through the tree has come that is still to be completed; "" where none is.
	Walk string `json:"disk_walk,omitempty"`
}
