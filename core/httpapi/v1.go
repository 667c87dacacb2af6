package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"vpm/core"
)

// instanceV1 is an instance as the newer pages read it: the JSON columns are objects.
type instanceV1 struct {
	core.Instance
	Config    json.RawMessage `json:"config"`
	Resources json.RawMessage `json:"resources"`
	Process   listProcess     `json:"process"`
	seen
}

func (c *call) instanceV1(r core.Record) (instanceV1, error) {
	r = r.AsOf(c.backend.Manager.Now())
	p, err := c.listProcess(r)
	return instanceV1{r.Instance, object(r.Instance.Config), object(r.Instance.Resources), p, c.seen(r)}, err
}

// object gives a JSON column as an object; one that holds something else is an empty one.
func object(text *string) json.RawMessage {
	if text != nil {
		if s := strings.TrimSpace(*text); strings.HasPrefix(s, "{") && json.Valid([]byte(s)) {
			return json.RawMessage(s)
		}
	}
	return json.RawMessage("{}")
}

type pagination struct {
	Total      int  `json:"total"`
	Page       int  `json:"page"`
	Limit      int  `json:"limit"`
	TotalPages int  `json:"total_pages"`
	HasNext    bool `json:"has_next"`
	HasPrev    bool `json:"has_prev"`
}

const (
	defaultLimit = 20
	largestLimit = 100
)

// listQuery is the query of GET /api/v1/instances.
type listQuery struct {
	Page   number `schema:"page"`
	Limit  number `schema:"limit"`
	Status string `schema:"status"`
	Search string `schema:"search"`
	Sort   string `schema:"sort"`
	Order  string `schema:"order"`
}

// query checks what a client asked for. A limit past the largest means the largest.
func (q listQuery) query() (core.Query, int, error) {
	page, limit := max(int(q.Page), 1), int(q.Limit)
	if limit == 0 {
		limit = defaultLimit
	}
	limit = min(limit, largestLimit)
	switch {
	case q.Page < 0 || q.Page > 1_000_000 || limit < 1:
		return core.Query{}, 0, core.Errorf(core.CodeInvalid, "cannot use this page or limit: both count from 1")
	case q.Status != "" && !slices.Contains([]string{"active", "inactive", "maintenance", "error"}, q.Status):
		return core.Query{}, 0, core.Errorf(core.CodeInvalid, "cannot use this status: it must be active, inactive, maintenance or error")
	case q.Sort != "" && !slices.Contains(core.SortFields, q.Sort):
		return core.Query{}, 0, core.Errorf(core.CodeInvalid, "cannot sort by this: it must be one of %s", strings.Join(core.SortFields, ", "))
	case !slices.Contains([]string{"", "asc", "desc"}, strings.ToLower(q.Order)):
		return core.Query{}, 0, core.Errorf(core.CodeInvalid, "cannot use this order: it must be asc or desc")
	case len(q.Search) > 255:
		return core.Query{}, 0, core.Errorf(core.CodeInvalid, "cannot search for this: it is longer than 255 bytes")
	case strings.ContainsRune(q.Search, 0): // where SQLite would end the pattern, and find everything
		return core.Query{}, 0, core.Errorf(core.CodeInvalid, "cannot search for this: it has a NUL")
	}
	return core.Query{Status: core.InstanceStatus(q.Status), Search: q.Search, Sort: q.Sort,
		Reverse: strings.EqualFold(q.Order, "desc"), Limit: limit, Offset: (page - 1) * limit}, page, nil
}

func (a *API) listV1(c *call) (any, error) {
	var in listQuery
	if err := c.decodeQuery(&in); err != nil {
		return nil, err
	}
	q, page, err := in.query()
	if err != nil {
		return nil, err
	}
	records, total, err := c.backend.Manager.Store.Records(c.Context(), q)
	if err != nil {
		return nil, err
	}
	if err := c.lookAll(); err != nil {
		return nil, err
	}
	data := make([]instanceV1, len(records))
	for i, r := range records {
		if data[i], err = c.instanceV1(r); err != nil {
			return nil, err
		}
	}
	pages := (total + q.Limit - 1) / q.Limit
	return struct {
		Success    bool         `json:"success"`
		Data       []instanceV1 `json:"data"`
		Pagination pagination   `json:"pagination"`
		Total      int          `json:"total"`
		Instances  []instanceV1 `json:"instances"`
	}{true, data, pagination{total, page, q.Limit, pages, page < pages, page > 1}, total, data}, nil
}

func (a *API) instanceV1(c *call) (any, error) {
	r, err := c.backend.Manager.Status(c.Context(), c.part)
	if err != nil {
		return nil, err
	}
	in, err := c.instanceV1(r)
	if err != nil {
		return nil, err
	}
	return struct {
		Success  bool       `json:"success"`
		Data     instanceV1 `json:"data"`
		Instance instanceV1 `json:"instance"`
	}{true, in, in}, nil
}

// processV1 is a run as GET /api/kernel/processes reports it. null is what cannot be seen.
type processV1 struct {
	PID         core.PID       `json:"pid"`
	InstanceID  string         `json:"instance_id"`
	Name        string         `json:"process_name"`
	Type        string         `json:"process_type"`
	CMSType     string         `json:"cms_type"`
	Status      core.RunStatus `json:"status"`
	MemoryUsage *int64         `json:"memory_usage"` // bytes; in virtual mode the contract's estimate
	CPUTime     *float64       `json:"cpu_time"`     // seconds; nobody can tell in virtual mode
	StartedAt   core.Timestamp `json:"started_at"`
}

// processes lists the instances that were ever started.
func (a *API) processes(c *call) (any, error) {
	records, _, err := c.backend.Manager.Store.Records(c.Context(), core.Query{})
	if err != nil {
		return nil, err
	}
	if err := c.lookAll(); err != nil {
		return nil, err
	}
	list := []processV1{}
	for _, r := range records {
		if r.Run == (core.Run{}) {
			continue
		}
		r = r.AsOf(c.backend.Manager.Now())
		p, err := c.backend.Manager.Runtime.Process(c.Context(), r)
		if err != nil {
			return nil, err
		}
		out := processV1{PID: p.PID, InstanceID: r.Instance.InstanceID, Name: r.Instance.Name, Type: "cms",
			CMSType: r.Instance.CMSType, Status: p.Status, StartedAt: r.Run.StartedAt}
		if r.Usage.MeasuredAt != (time.Time{}) && strings.HasPrefix(r.Usage.Evidence.Memory, "estimated") {
			out.MemoryUsage = &r.Usage.Memory
		}
		list = append(list, out)
	}
	return struct {
		Success   bool        `json:"success"`
		Total     int         `json:"total"`
		Processes []processV1 `json:"processes"`
	}{true, len(list), list}, nil
}
