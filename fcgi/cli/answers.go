package cli

import "time"

// What of the API's answers tables show.

type instance struct {
	ID     string  `json:"instance_id"`
	Name   string  `json:"instance_name"`
	CMS    string  `json:"cms_type"`
	Domain *string `json:"domain"`
	Path   *string `json:"path_prefix"`
	// ActivatedAt is in the database's time zone.
	ActivatedAt *string `json:"activated_at"`
	Process     process `json:"process"`
	seen
}

// url is where visitors find it.
func (in instance) url() string {
	out := ""
	if in.Domain != nil {
		out = *in.Domain
	}
	if in.Path != nil && *in.Path != "/" {
		out += *in.Path
	}
	return out
}

type process struct {
	PID       any     `json:"pid"`
	Status    string  `json:"status"`
	Mode      string  `json:"mode"`
	Healthy   bool    `json:"healthy"`
	StartedAt *string `json:"started_at"`
}

type seen struct {
	Wanted   string `json:"wanted"`
	Observed string `json:"observed"`
	Drift    bool   `json:"drift"`
	Evidence struct {
		How  string     `json:"how"`
		At   *time.Time `json:"at"`
		Seen string     `json:"seen"`
	} `json:"evidence"`
}

type listAnswer struct {
	Instances []instance `json:"instances"`
	Total     int        `json:"total"`
}

type check struct {
	Name     string  `json:"name"`
	Result   string  `json:"result"`
	Reason   string  `json:"reason"`
	Duration float64 `json:"duration_ms"`
}

// outcome is what became of one of several.
type outcome struct {
	ID      string `json:"instance_id"`
	Dir     string `json:"dir"`
	Success bool   `json:"success"`
	Message string `json:"message"`
	Code    string `json:"code"`
}
