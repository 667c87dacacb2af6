// Package relocate makes a server the new place of a shared-hosting account: of its files as they were restored, or of
// their archive, and of the dumps of its databases. It is run by root, as "vpm adopt --from".
//
// A Plan is a list of steps, each of which knows whether it is done already. So whoever is killed at any point leaves what
// the next run goes on with. Nothing that was there before is overwritten.
package relocate
