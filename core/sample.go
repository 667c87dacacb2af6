package core

import "time"

// Sample is one point of an instance's history: what one tick found, or what all ticks of an hour or a day did,
// averaged. A nil figure was not known.
type Sample struct {
	At    time.Time     // when; of a Span, its beginning
	Span  time.Duration // zero: one tick; else SampleHour or SampleDay
	Ticks int           // how many are in it
	// Healthy and Unhealthy count the ticks whose health was known.
	Healthy, Unhealthy int

	Memory       *int64 // bytes, estimated as in Usage
	DiskUsage    *int64 // bytes
	DatabaseSize *int64 // bytes
	Queries      *int64 // estimated as in Usage
	// Probe is how long the front page took to its first byte; ProbeMax the longest of a Span.
	Probe, ProbeMax *time.Duration
}

// The spans that samples are thinned to, and the ages past which they are.
const (
	SampleHour = time.Hour
	SampleDay  = 24 * time.Hour

	RawSamplesFor    = 2 * 24 * time.Hour
	HourlySamplesFor = 60 * 24 * time.Hour
)
