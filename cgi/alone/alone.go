// Package alone has a process use one processor, before any other package is initialised. Later the runtime has already begun
// threads that only look for work, and has to take a processor and its memory back: that is a sixth of a CGI process.
//
// Of the packages whose imports are initialised Go initialises first the one whose import path sorts first (Go specification,
// "Package initialization"). This one imports the runtime alone, and sorts before the standard library.
package alone

import "runtime"

func init() { runtime.GOMAXPROCS(1) }
