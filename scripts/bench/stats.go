package main

import (
	"fmt"
	"slices"
)

// series are the values of one measurement, round by round.
type series [][]float64

// add stores values of a round.
func (s *series) add(round int, values ...float64) {
	for len(*s) <= round {
		*s = append(*s, nil)
	}
	(*s)[round] = append((*s)[round], values...)
}

// spread is that of all values.
func (s series) spread() spread { return spreadOf(slices.Concat(s...)) }

// quantile is the value below which a share q of all lies: 0 is the least, 0.5 the median, 1 the greatest.
func (s series) quantile(q float64) float64 { return quantile(slices.Concat(s...), q) }

func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// ratio compares the median of each round with that of other in the same round.
func (s series) ratio(other series) spread {
	ratios := make([]float64, len(s))
	for i := range s {
		ratios[i] = s.median(i) / other.median(i)
	}
	return spreadOf(ratios)
}

// beyond is how much greater the median of each round is than that of other in the same round.
func (s series) beyond(other series) spread {
	differences := make([]float64, len(s))
	for i := range s {
		differences[i] = s.median(i) - other.median(i)
	}
	return spreadOf(differences)
}

// median is that of one round.
func (s series) median(round int) float64 { return quantile(s[round], 0.5) }

// spread is a median with the least and the greatest value.
type spread struct {
	Least    float64 `json:"least"`
	Median   float64 `json:"median"`
	Greatest float64 `json:"greatest"`
}

func spreadOf(values []float64) spread {
	return spread{quantile(values, 0), quantile(values, 0.5), quantile(values, 1)}
}

func (s spread) String() string { return s.format(digits(s.Median)) }

// format writes all three with the verb format.
func (s spread) format(verb string) string {
	return fmt.Sprintf(verb+" ("+verb+".."+verb+")", s.Median, s.Least, s.Greatest)
}

// digits is the verb that shows v with about three digits.
func digits(v float64) string {
	switch {
	case v < 1:
		return "%.3f"
	case v < 10:
		return "%.2f"
	case v < 100:
		return "%.1f"
	}
	return "%.0f"
}

// number writes v with about three digits.
func number(v float64) string { return fmt.Sprintf(digits(v), v) }

func verdict(met bool) string {
	if met {
		return "ok"
	}
	return "MISSED"
}
