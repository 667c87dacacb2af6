package httpapi

import (
	"context"
	"errors"
	"time"

	"vpm/core"
)

// Sites are the doors to the sites that lie in the account.
type Sites struct {
	Scan  func(ctx context.Context, host string) (core.FoundSites, error)
	Adopt func(ctx context.Context, by core.Actor, host string, list []Adoption) ([]Adopted, error)
	Log   func(ctx context.Context, in core.Instance, lines int) (SiteLog, error)
}

// Adoption is one site to register; what is empty is taken from what the site says.
type Adoption struct {
	Dir        string `json:"dir"`
	InstanceID string `json:"instance_id"`
	Name       string `json:"instance_name"`
	URL        string `json:"url"`
	CMSType    string `json:"cms_type"`
	MayRepair  bool   `json:"-"` // whoever asks may also change what is registered
}

// Adopted is what became of it.
type Adopted struct {
	Dir, InstanceID string
	Repaired        bool
	Err             error
}

type foundAnswer struct {
	Dir          string  `json:"dir"`
	CMSType      string  `json:"cms_type"`
	CMSVersion   string  `json:"cms_version"`
	URL          string  `json:"url"`
	URLFrom      string  `json:"url_from"`
	Database     string  `json:"database_name"`
	Prefix       string  `json:"database_prefix"`
	DatabaseSize *int64  `json:"database_size"`
	InstanceID   *string `json:"instance_id"`  // as which it is registered; null: it is not
	Moved        bool    `json:"moved"`        // that instance is registered with a directory that is gone
	Suggested    string  `json:"suggested_id"` // one that is free
}

// scan changes nothing. It is a POST because it costs a walk through the account.
func (a *API) scan(c *call) (any, error) {
	found, err := c.backend.Sites.Scan(c.Context(), c.Host)
	if err != nil {
		return nil, err
	}
	sites := make([]foundAnswer, len(found.Sites))
	for i, s := range found.Sites {
		sites[i] = foundAnswer{s.Dir, s.CMS.Type, s.CMS.Version, s.URL, s.URLFrom, s.Database, s.Prefix, s.DatabaseSize, nil, s.Moved, s.Suggested}
		if s.InstanceID != "" {
			sites[i].InstanceID = &s.InstanceID
		}
	}
	return struct {
		Success  bool          `json:"success"`
		Complete bool          `json:"complete"` // false: there may be more
		Sites    []foundAnswer `json:"sites"`
	}{true, found.Complete, sites}, nil
}

// adoptMost is how many sites one request registers.
const adoptMost = 200

func (a *API) adopt(c *call) (any, error) {
	var in struct {
		Sites []Adoption `json:"sites"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	if len(in.Sites) == 0 || len(in.Sites) > adoptMost {
		return nil, core.Errorf(core.CodeInvalid, "cannot use field 'sites': it must list 1 to %d directories", adoptMost)
	}
	for i := range in.Sites {
		in.Sites[i].MayRepair = c.session.User.May(core.PermissionManage)
	}
	adopted, err := c.backend.Sites.Adopt(c.Context(), c.actor(), c.Host, in.Sites)
	if err != nil {
		return nil, err
	}
	type item struct {
		Dir        string `json:"dir"`
		InstanceID string `json:"instance_id"`
		Success    bool   `json:"success"`
		Repaired   bool   `json:"repaired"`
		Message    string `json:"message"`
		Code       string `json:"code,omitempty"`
		RequestID  string `json:"request_id,omitempty"` // under which the log has the cause
	}
	items, failed := make([]item, len(adopted)), 0
	for i, ad := range adopted {
		items[i] = item{Dir: ad.Dir, InstanceID: ad.InstanceID, Success: ad.Err == nil, Repaired: ad.Repaired, Message: "Registered as " + ad.InstanceID}
		if ad.Repaired {
			items[i].Message = "The directory of " + ad.InstanceID + " is put right"
		}
		if ad.Err != nil {
			failed++
			f := a.failure(&call{Request: c.Request, client: c.client, header: c.header.Clone()}, ad.Err)
			items[i].Message, items[i].Code, items[i].RequestID = f.Message, string(f.Code), f.RequestID
		}
	}
	return struct {
		messageAnswer
		Failed  int    `json:"failed"`
		Results []item `json:"results"`
	}{messageAnswer{failed == 0, bulkMessage(len(items), failed)}, failed, items}, nil
}

// SiteLog is the end of a site's error log.
type SiteLog struct {
	Path      string
	Lines     []string
	Truncated bool
}

// JournalEntry is a line that the process of an instance, or systemd about it, has left in the server's journal.
type JournalEntry struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Journal is the end of the journal of an instance's own process, oldest entry first.
type Journal struct {
	Unit    string         `json:"unit"`
	Entries []JournalEntry `json:"entries"`
	Reason  string         `json:"reason,omitempty"` // why it cannot be read
}

// siteLog answers also where there is none, and says why: that is no failure of the request. An instance with a process of
// its own has a journal besides.
func (a *API) siteLog(c *call) (any, error) {
	var q struct {
		ID    string `schema:"instance_id"`
		Lines number `schema:"lines"`
	}
	if err := c.decodeQuery(&q); err != nil {
		return nil, err
	}
	r, err := c.backend.Manager.Record(c.Context(), q.ID)
	if err != nil {
		return nil, err
	}
	if q.Lines <= 0 {
		q.Lines = 200
	}
	out := struct {
		Success    bool     `json:"success"`
		InstanceID string   `json:"instance_id"`
		Available  bool     `json:"available"`
		Path       string   `json:"path"`
		Lines      []string `json:"lines"`
		Truncated  bool     `json:"truncated"`
		Reason     string   `json:"reason,omitempty"`
		Journal    *Journal `json:"journal,omitempty"`
	}{Success: true, InstanceID: r.Instance.InstanceID, Lines: []string{}}
	if c.backend.Journal != nil {
		out.Journal = c.backend.Journal(c.Context(), r.Instance, int(q.Lines))
	}
	log, err := c.backend.Sites.Log(c.Context(), r.Instance, int(q.Lines))
	if e, ok := errors.AsType[*core.Error](err); ok && e.Code == core.CodeNotFound {
		out.Reason = e.Message
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Available, out.Path, out.Lines, out.Truncated = true, log.Path, list(log.Lines), log.Truncated
	return out, nil
}

// mode says in which mode instances run here, and what is missing for the other; administrators are also told of sudo.
func (a *API) mode(c *call) (any, error) {
	mode := c.backend.Manager.Runtime.Mode()
	label := "Virtual Mode"
	if mode == core.ModeReal {
		label = "Process Mode"
	}
	var sudo any
	if c.backend.Sudo != nil && c.session.User.May(core.PermissionAll) {
		sudo = c.backend.Sudo(c.Context())
	}
	return struct {
		Success bool      `json:"success"`
		Mode    core.Mode `json:"mode"`
		Label   string    `json:"label"`
		Details any       `json:"details"`
		Sudo    any       `json:"sudo,omitempty"`
	}{true, mode, label, c.backend.Mode(c.Context()), sudo}, nil
}
