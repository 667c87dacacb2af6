package httpapi

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"vpm/core"
)

// The bounds of one bulk request: how many instances, and how many at once.
const (
	bulkMost    = 100
	bulkWorkers = 4
)

// bulkItem is what became of one instance: the answer of the single call, or its failure.
type bulkItem struct {
	InstanceID string `json:"instance_id"`
	Success    bool   `json:"success"`
	Message    string `json:"message"`
	Code       string `json:"code,omitempty"`
	RequestID  string `json:"request_id,omitempty"` // under which the log has the cause
	Answer     any    `json:"result,omitempty"`
}

// bulk starts, stops or restarts several instances. One that fails does not stop the rest.
func (a *API) bulk(c *call) (any, error) {
	var in struct {
		change
		Action string   `json:"action" schema:"action"`
		IDs    []string `json:"instance_ids" schema:"instance_ids"`
	}
	if err := c.decodeBody(&in); err != nil {
		return nil, err
	}
	m := c.backend.Manager
	stop, err := in.stop(m.Now())
	if err != nil {
		return nil, err
	}
	ways := map[string]struct {
		act           changeFunc
		done, already string
	}{
		"start":   {reasoned(m.Start), startDone, startAlready},
		"restart": {reasoned(m.Restart), restartDone, ""},
		"stop": {func(ctx context.Context, by core.Actor, in change) (core.Result, error) {
			return m.Stop(ctx, by, in.ID, stop)
		}, stopDone, stopAlready},
	}
	way, ok := ways[in.Action]
	ids := slices.Compact(slices.Sorted(slices.Values(in.IDs)))
	switch {
	case !ok:
		return nil, core.Errorf(core.CodeInvalid, "cannot use field 'action': it must be start, stop or restart")
	case len(ids) == 0 || len(ids) > bulkMost:
		return nil, core.Errorf(core.CodeInvalid, "cannot use field 'instance_ids': it must list 1 to %d instances", bulkMost)
	}
	items := make([]bulkItem, len(ids))
	queue := make(chan int)
	var workers sync.WaitGroup
	for range bulkWorkers {
		workers.Go(func() {
			for i := range queue {
				items[i] = a.bulkOne(c, ids[i], in.Reason, way.act, way.done, way.already)
			}
		})
	}
	for i := range ids {
		queue <- i
	}
	close(queue)
	workers.Wait()
	failed := 0
	for _, item := range items {
		if !item.Success {
			failed++
		}
	}
	return struct {
		Success bool       `json:"success"` // false: some failed; see results
		Message string     `json:"message"`
		Failed  int        `json:"failed"`
		Results []bulkItem `json:"results"`
	}{failed == 0, bulkMessage(len(items), failed), failed, items}, nil
}

// bulkOne changes one instance. A panic ends no other.
func (a *API) bulkOne(c *call, id, reason string, act changeFunc, done, already string) (item bulkItem) {
	item = bulkItem{InstanceID: id}
	fail := func(err error) {
		of := &call{Request: c.Request, client: c.client, header: c.header.Clone()} // the status is that of the whole
		f := a.failure(of, err)
		item.Message, item.Code, item.RequestID = f.Message, string(f.Code), f.RequestID
	}
	defer func() {
		if p := recover(); p != nil {
			fail(panicked(p))
		}
	}()
	res, err := act(c.Context(), c.actor(), change{ID: id, Reason: reason})
	if err != nil {
		fail(err)
		return item
	}
	answer := newChanged(res, done, already)
	item.Success, item.Message, item.Answer = true, answer.Message, answer
	return item
}

func bulkMessage(all, failed int) string {
	switch {
	case failed == 0:
		return "All " + strconv.Itoa(all) + " done"
	case failed == all:
		return "None of " + strconv.Itoa(all) + " done"
	}
	return strconv.Itoa(all-failed) + " of " + strconv.Itoa(all) + " done"
}
