package systemd

import (
	"testing"
	"time"
)

func TestEntries(t *testing.T) {
	t.Parallel()
	got := entries([]byte(`{"__REALTIME_TIMESTAMP":"1750000000123456","MESSAGE":"ready to handle connections","SYSLOG_IDENTIFIER":"vpm-fpm"}
nonsense
{"__REALTIME_TIMESTAMP":"1750000001000000","MESSAGE":[99,97,102,233]}
{"__REALTIME_TIMESTAMP":"1750000002000000","MESSAGE":null}
{"MESSAGE":"without a time"}
`))
	want := []sent{
		{Entry{time.UnixMicro(1750000000123456).UTC(), "ready to handle connections"}, "vpm-fpm"},
		{Entry{time.UnixMicro(1750000001000000).UTC(), "caf\uFFFD"}, ""},
		{Entry{time.UnixMicro(1750000002000000).UTC(), ""}, ""},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("entry %d is %v, want %v", i, got[i], want[i])
		}
	}
}
