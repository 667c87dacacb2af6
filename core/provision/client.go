package provision

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vpm/core"
	"vpm/core/atomicfile"
	"vpm/core/systemd"
)

// Client has root provision instances, as the server's user.
type Client struct {
	Paths Paths
	Units *systemd.Units
}

// Do leaves a request, starts the unit that carries it out, and gives its result. Where that takes longer than ctx, or
// than one job may, the error is CodeBusy, the run goes on, and Result tells how far it has come.
func (c Client) Do(ctx context.Context, slug string, q Request) (Result, error) {
	if err := q.check(slug); err != nil {
		return Result{}, err
	}
	text, err := json.Marshal(q)
	if err != nil {
		return Result{}, err
	}
	if err := atomicfile.Write(filepath.Join(c.Paths.Requests, slug+".json"), text, 0o600); err != nil {
		return Result{}, core.Errorf(core.CodeUnavailable, "cannot leave the request for %s: %w", slug, err)
	}
	unit := "vpm-provision@" + slug + ".service"
	if q.Operation == Deprovision {
		unit = "vpm-deprovision@" + slug + ".service"
	}
	began := time.Now()
	_, starting := c.Units.Start(ctx, unit)
	result, err := c.Result(slug)
	switch {
	case err == nil && result.Request == sum(text) && result.Error != nil && !result.EndedAt.Before(began):
		return result, core.Errorf(result.Error.Code, "%s", result.Error.Message)
	case starting != nil && core.CodeOf(starting) == core.CodeNotEffective:
		return result, c.Paths.said(ctx, unit, began, starting)
	case starting != nil:
		return result, starting
	case err != nil:
		return result, err
	case result.Request != sum(text):
		return result, core.Errorf(core.CodeConflict, "cannot tell what became of the request for %s: another one took its place", slug)
	}
	return result, nil
}

// Limited tells whether these limits are those that count, by the files that root has made of them.
func (c Client) Limited(slug string, php PHP, limits Limits) bool {
	pool, err := Request{PHP: php}.pool(slug, c.Paths.Listen).Render()
	if err != nil {
		return false
	}
	dropIn, err := systemd.Limits(limits).Render()
	if err != nil {
		return false
	}
	for path, text := range map[string]string{c.Paths.pool(slug): pool, c.Paths.limits(slug): dropIn} {
		if is, err := os.ReadFile(path); err != nil || string(is) != text {
			return false
		}
	}
	return true
}

// Result is what root has told last of an instance, also while a run goes on. CodeNotFound: nothing yet.
func (c Client) Result(slug string) (Result, error) {
	if err := systemd.CheckSlug(slug); err != nil {
		return Result{}, err
	}
	var r Result
	text, err := os.ReadFile(filepath.Join(c.Paths.Results, slug+".json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Result{}, core.Errorf(core.CodeNotFound, "cannot tell of a move of %s: there was none", slug)
	}
	if err != nil {
		return Result{}, core.Errorf(core.CodeUnavailable, "cannot read the result for %s: %w", slug, err)
	}
	return r, nil
}
