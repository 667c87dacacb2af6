// Command walk measures the directory tree in its argument as vpm does, and prints the bytes of its files. It is a
// program of its own so that its time and memory are those of the walk.
package main

import (
	"context"
	"fmt"
	"os"

	"vpm/core/usage"
)

func main() {
	d, err := usage.Walk(context.Background(), usage.Tree{Root: os.Args[1]})
	if err != nil || !d.Complete || d.Unreadable > 0 {
		fmt.Fprintf(os.Stderr, "walk: %v, %d directories unreadable\n", err, d.Unreadable)
		os.Exit(1)
	}
	fmt.Println(d.Bytes)
}
