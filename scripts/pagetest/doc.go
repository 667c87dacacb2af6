// Package pagetest tries the pages as a person uses them: a real browser on an upload that a shared host serves. Each
// test starts a host and runs a scenario, a script for Node beside it. VPM_SCREENSHOTS names a directory to keep
// pictures of every page in.
package pagetest
