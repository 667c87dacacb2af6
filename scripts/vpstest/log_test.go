package vpstest

import "strings"

// faulty makes PHP complain as the site's code asks, and of an error that ends it; asked to debug, where a CMS has it
// write then.
const faulty = `<?php
if (isset($_GET['debug'])) {
  ini_set('error_log', __DIR__ . '/error_log');
  error_log('told the CMS');
  exit;
}
error_log("the roof\nleaks");
nowhere();`

// wantLog wants what PHP complains of in the journal that the panel shows, and a CMS's own log where it wants that.
func (s *server) wantLog(user string) {
	s.t.Helper()
	dir := s.copyOf(user)
	if err := s.WriteFile(dir+"/faulty.php", []byte(faulty), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if a := s.get("http://shop.test/blog/faulty.php"); a.status != 500 {
		s.t.Errorf("a page with an error: %v", a)
	}
	s.get("http://shop.test/blog/faulty.php?debug=1")
	var log map[string]any
	text := func() string {
		journal, _ := log["journal"].(map[string]any)
		var b strings.Builder
		entries, _ := journal["entries"].([]any)
		for _, e := range entries {
			e, _ := e.(map[string]any)
			line, _ := e["text"].(string)
			b.WriteString(line + "\n")
		}
		return b.String()
	}
	err := s.Wait(s.limited(), func() bool {
		log = s.call("GET", "instances/log.php?instance_id=blog&lines=20", nil)
		return strings.Contains(text(), "Call to undefined function nowhere()")
	})
	if got := text(); err != nil || !strings.Contains(got, "the roof\n") || !strings.Contains(got, "leaks\n") || strings.Contains(got, "told the CMS") {
		s.t.Errorf("%v: the log is %v", err, log)
	}
	lines, _ := log["lines"].([]any)
	if len(lines) != 1 || !strings.Contains(lines[0].(string), "told the CMS") || log["path"] != dir+"/error_log" {
		s.t.Errorf("the CMS's own log is %v", log)
	}
	s.sh("rm " + dir + "/faulty.php " + dir + "/error_log")
}
