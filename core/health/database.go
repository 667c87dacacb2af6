package health

import (
	"context"

	"vpm/core"
)

// database asks what only the site's own credentials can tell.
func (x *examination) database(ctx context.Context) core.Check {
	if x.Database == nil {
		return found(core.CheckSkipped, "This kind of site has no database.")
	}
	switch err := x.Database(ctx); {
	case err == nil:
		return found(core.CheckOK, "The database answers with the site's own credentials.")
	case core.CodeOf(err) == core.CodeNotEffective:
		return found(core.CheckUnknown, "The database could not be asked: %s.", cause(err))
	default:
		return found(core.CheckFailed, "The database does not answer with the site's own credentials: %s.", cause(err))
	}
}
