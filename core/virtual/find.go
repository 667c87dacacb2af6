package virtual

import (
	"context"
	"slices"
)

// FindSites finds the sites below root, those nested in others too. It gives up as NestedSites does, after maxEntries
// directory entries, and looks at most five levels below each site.
func FindSites(ctx context.Context, root string, maxEntries int) (sites []string, complete bool) {
	s := &search{left: maxEntries}
	complete = true
	queue := []string{root}
	for len(queue) > 0 {
		found, all := s.nestedSites(ctx, queue[0])
		queue = append(queue[1:], found...)
		sites = append(sites, found...)
		complete = complete && all
	}
	slices.Sort(sites)
	return slices.Compact(sites), complete
}
