package htaccess

import (
	"strings"
	"testing"
)

// TestInstanceIDs: what stands in a comment of the block may not end that, nor be taken for another's.
func TestInstanceIDs(t *testing.T) {
	t.Parallel()
	for id, good := range map[string]bool{
		"a": true, "Site_1.x-Z9": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\n": false, "a\"": false, "ä": false, "a/b": false, "a@b": false, "a[": false, "a`": false, "a{": false, "a:": false,
	} {
		if err := (Gate{Instance: id}).check(); (err == nil) != good {
			t.Errorf("the instance id %q: %v", id, err)
		}
	}
}
