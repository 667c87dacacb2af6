package systemd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"vpm/core"
)

// statusPath is where FPM answers with its status, pm.status_path of the pool.
const statusPath = "/vpm-status"

// FPMStatus is what a PHP-FPM master says of its pool. All but the first four count since it was started.
type FPMStatus struct {
	Active, Idle, Total int64 // workers; those of the status socket are not among them
	Queue               int64 // requests that wait for a worker
	MaxQueue            int64
	MaxActive           int64
	MaxChildrenReached  int64 // how often a request had to wait because pm.max_children ran
	Accepted            int64
	// SlowRequests is unavailable where FPM counts none: it counts what it has traced, and ptrace(2) is not for the units.
	SlowRequests Figure
	StartedAt    time.Time
}

// Status asks the master on its status socket, which answers also while every worker is busy.
func Status(ctx context.Context, socket string) (FPMStatus, error) {
	answer, err := fcgiGet(ctx, socket, [][2]string{
		{"GATEWAY_INTERFACE", "CGI/1.1"}, {"SERVER_PROTOCOL", "HTTP/1.1"}, {"REQUEST_METHOD", "GET"}, {"SERVER_SOFTWARE", "vpm"},
		{"SCRIPT_NAME", statusPath}, {"SCRIPT_FILENAME", statusPath}, {"REQUEST_URI", statusPath}, {"QUERY_STRING", "json"},
	})
	if err != nil {
		return FPMStatus{}, core.Errorf(core.CodeUnavailable, "cannot ask PHP-FPM for its status").Because(err)
	}
	s, err := parseStatus(answer)
	if err != nil {
		return FPMStatus{}, core.Errorf(core.CodeUnavailable, "cannot read PHP-FPM's status").Because(err)
	}
	return s, nil
}

// parseStatus reads a CGI answer whose body is FPM's status as JSON.
func parseStatus(answer []byte) (FPMStatus, error) {
	_, body, found := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !found {
		return FPMStatus{}, errors.New("no CGI header")
	}
	var s struct {
		StartTime *int64 `json:"start time"`
		Accepted  int64  `json:"accepted conn"`
		Queue     int64  `json:"listen queue"`
		MaxQueue  int64  `json:"max listen queue"`
		Idle      int64  `json:"idle processes"`
		Active    int64  `json:"active processes"`
		Total     int64  `json:"total processes"`
		MaxActive int64  `json:"max active processes"`
		Reached   int64  `json:"max children reached"`
		Slow      int64  `json:"slow requests"`
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return FPMStatus{}, err
	}
	if s.StartTime == nil {
		return FPMStatus{}, errors.New("no status of PHP-FPM")
	}
	slow := Figure{}
	if s.Slow > 0 {
		slow = known(s.Slow)
	}
	return FPMStatus{Active: s.Active, Idle: s.Idle, Total: s.Total, Queue: s.Queue, MaxQueue: s.MaxQueue, MaxActive: s.MaxActive,
		MaxChildrenReached: s.Reached, Accepted: s.Accepted, SlowRequests: slow, StartedAt: time.Unix(*s.StartTime, 0)}, nil
}
