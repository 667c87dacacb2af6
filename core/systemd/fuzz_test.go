package systemd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

const fpmStatus = `{"pool":"a","process manager":"ondemand","start time":1795427805,"accepted conn":3,"listen queue":0,"max listen queue":0,` +
	`"idle processes":1,"active processes":1,"total processes":2,"max active processes":1,"max children reached":0,"slow requests":2}`

// FuzzFPMStatus: an FPM that says nonsense gives an error, and its figures are those it said.
func FuzzFPMStatus(f *testing.F) {
	head := "Content-type: application/json\r\n\r\n"
	for _, s := range []string{head + fpmStatus, head, "", head + "{}", head + `{"start time":null}`, head + `{"start time":1e400}`, head + "[]", head + fpmStatus + "x", fpmStatus} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := parseStatus(answer)
		if err != nil {
			return
		}
		_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
		if !json.Valid(body) || s.StartedAt.IsZero() && !bytes.Contains(body, []byte("-")) || s.SlowRequests.Known && s.SlowRequests.Value <= 0 {
			t.Errorf("%q is %+v", answer, s)
		}
	})
}

// FuzzFastCGIAnswer: an answer is read the same in whatever pieces it comes, is bounded, and ends.
func FuzzFastCGIAnswer(f *testing.F) {
	f.Add([]byte("\x01\x06\x00\x01\x00\x02\x01\x00ok.\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00"))
	f.Add([]byte("\x01\x03\x00\x01\x00\x00\x00\x00"))
	f.Add([]byte("\x02\x06\x00\x01\xff\xff\xff\x00"))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, err := fcgiAnswer(bytes.NewReader(b))
		pieces, perr := fcgiAnswer(iotest.OneByteReader(bytes.NewReader(b)))
		if !bytes.Equal(whole, pieces) || (err == nil) != (perr == nil) || len(whole) > len(b) || len(whole) > maxAnswer+1<<16 {
			t.Errorf("%q is %q, %v, and in pieces %q, %v", b, whole, err, pieces, perr)
		}
	})
}

// FuzzCgroup: the kernel's files, of whatever version, give figures that are none or no less than 0.
func FuzzCgroup(f *testing.F) {
	for _, s := range []string{"123\n", "max\n", "max 100000\n", "50000 100000\n", "usage_usec 12\noom_kill 1\n", "-1\n", "9223372036854775807\n", "9223372036854775807 1\n", "1 0\n", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v2 := parseV2(func(string) string { return text })
		v1 := parseV1(func(string, string) string { return text })
		for _, r := range []Resources{v2, v1} {
			for _, n := range []Figure{r.Memory, r.MemoryPeak, r.MemoryLimit, r.CPU, r.CPULimit, r.Tasks, r.TasksLimit, r.OOMKills} {
				if n.Value < 0 || n.Known && n.Unlimited {
					t.Errorf("%q is %+v", text, n)
				}
			}
		}
	})
}

// FuzzReason: whatever FPM or systemd log, the reason is one line of UTF-8 out of it.
func FuzzReason(f *testing.F) {
	f.Add("[23-Nov-2026 08:26:55] ERROR: unable to bind listening socket\nMain process exited, code=exited, status=78/CONFIG")
	f.Add("[1")
	f.Add("ERROR: \xff")
	f.Fuzz(func(t *testing.T, text string) {
		if r := Reason(lines(text)); strings.Contains(r, "\n") || !utf8.ValidString(r) {
			t.Errorf("the reason is %q", r)
		}
		_ = parentOf(text)
	})
}
