// Command routing prints the routing file that is uploaded as api/.htaccess.
package main

import (
	"fmt"

	"vpm/htaccess"
)

func main() { fmt.Print(htaccess.Routing()) }
