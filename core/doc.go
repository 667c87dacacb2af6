// Package core is the domain of vpm: instances, their runs, the people who may change them, and the rules
// that hold for both modes and both transports. It imports the standard library only; SQL, HTTP and the
// ways of starting and stopping a site live in the packages below it and meet it through Store and Runtime.
package core
