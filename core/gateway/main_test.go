package gateway

import (
	"os"
	"testing"
)

// TestMain lets the test binary play a CGI program.
func TestMain(m *testing.M) {
	if how := os.Getenv("GATEWAY_TEST_CGI"); how != "" {
		answerOnce(how)
		return
	}
	os.Exit(m.Run())
}
