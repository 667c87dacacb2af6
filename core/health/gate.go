package health

import (
	"context"

	"vpm/core"
)

// gate compares what was seen with what is wanted. A damaged gate closes a site or not; what its visitors get the
// probe tells.
func (x *examination) gate(context.Context) core.Check {
	switch seen := x.Gate.Observed; {
	case seen == "":
		return found(core.CheckSkipped, "Nothing was looked at that closes this site.")
	case seen == core.ObservedUnknown:
		return found(core.CheckUnknown, "Whether the site is closed could not be seen: %s.", x.Gate.Seen)
	case seen == core.ObservedError && !x.stopped():
		return found(core.CheckWarning, "What closes the site is in disorder: %s. Start the instance again.", x.Gate.Seen)
	case seen == core.ObservedError:
		return found(core.CheckFailed, "What closes the site is in disorder: %s. Stop the instance again.", x.Gate.Seen)
	case seen == core.ObservedStopped && !x.stopped():
		return found(core.CheckFailed, "The site is closed though it is to run: %s. Start the instance again.", x.Gate.Seen)
	case seen != core.ObservedStopped && x.stopped():
		return found(core.CheckFailed, "The site is open though it is to be closed: %s. Stop the instance again.", x.Gate.Seen)
	case x.stopped():
		return found(core.CheckOK, "Closed as it should be: %s.", x.Gate.Seen)
	}
	return found(core.CheckOK, "Open as it should be: %s.", x.Gate.Seen)
}
