package usage

import "sync/atomic"

// stuck counts the calls that had not come back when their time was over, as on a dead mount, where they may never. Each
// keeps a thread, and a long-running server has so many of them only.
var stuck atomic.Int64

// mostStuck is how many there may be before nothing is looked at any more until some come back.
const mostStuck = 100

// tooManyStuck tells whether that is so.
func tooManyStuck() bool { return stuck.Load() >= mostStuck }
