// Package provision makes instances on a server of one's own, and takes them away. It has two sides that do not trust
// each other.
//
// The server's side (Client, Gates) is unprivileged: it writes a request and starts a root unit whose only word is the
// instance's slug. Root's side (Run) reads that request as somebody else's: it is opened without following links, its
// owner, kind and size are checked on the descriptor, unknown fields are refused, and every value goes through the
// renderers of core/systemd or a check here. What root does in directories that others can write, it does by
// descriptors, a name at a time, and looks at what it opened before it changes its owner.
//
// A run is a list of steps. Each notes how to undo it before it changes anything, on disk, so that a run that fails
// leaves things as they were, and one that is killed anywhere is completed, or undone, by the next.
package provision
