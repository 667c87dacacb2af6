package core

import "time"

// RepairAgain is after how long drift is a new cause. Drift that comes back sooner is another program's doing, and
// putting it right again and again would be a fight that visitors see.
const RepairAgain = time.Hour

// RepairedLately tells from the history of an instance, newest first, whether drift was put right within RepairAgain, and
// nobody has decided anew since.
func RepairedLately(events []Event, now time.Time) bool {
	for _, ev := range events {
		switch {
		case now.Sub(ev.At).Abs() >= RepairAgain: // ahead of the clock: it has been set back since
			return false
		case ev.Action == ActionRepair:
			return true
		case ev.Action == ActionStart || ev.Action == ActionStop || ev.Action == ActionRestart:
			return false
		}
	}
	return false
}
