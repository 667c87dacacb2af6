package systemd

import "strings"

// Reason finds, in what a unit has logged, why its PHP-FPM did not start or has ended, as a sentence without a full stop
// that holds FPM's own words; "" where the lines do not say.
func Reason(log []string) string {
	for _, line := range log { // FPM names the cause first, and then all that follows from it
		if words, ok := fpmError(line); ok {
			return explain(words)
		}
	}
	for i := len(log) - 1; i >= 0; i-- { // of systemd's lines the last one counts
		if reason := systemdReason(log[i]); reason != "" {
			return reason
		}
	}
	return ""
}

// fpmError gives the words of an error of FPM's master: "[23-Nov-2026 08:26:55] ERROR: words" on standard error,
// "[ERROR] words" in syslog. Errors that only say that there was another are none.
func fpmError(line string) (words string, ok bool) {
	if rest, dated := strings.CutPrefix(line, "["); dated && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		_, line, _ = strings.Cut(rest, "] ")
	}
	for _, level := range []string{"ERROR: ", "ALERT: ", "[ERROR] ", "[ALERT] "} {
		if words, ok = strings.CutPrefix(line, level); ok {
			break
		}
	}
	for _, follows := range []string{"failed to load configuration file", "FPM initialization failed", "failed to post process the configuration"} {
		ok = ok && !strings.HasPrefix(words, follows)
	}
	return words, ok
}

func explain(words string) string {
	for _, c := range []struct{ has, means string }{
		{"Address already in use", "the socket is in use"},
		{"An another FPM instance seems to already listen", "the socket is in use"},
		{"unable to bind listening socket", "the socket cannot be opened"},
		{"failed to set ACL", "the socket cannot be given to the web server"},
		{"unknown entry", "the configuration has an error"},
		{"syntax error", "the configuration has an error"},
		{"invalid value", "the configuration has an error"},
		{"Invalid ", "the configuration has an error"},
		{"unable to parse", "the configuration has an error"},
		{"failed to open configuration file", "the configuration cannot be read"},
		{"failed to open error_log", "the log cannot be opened"},
		{"Unable to create or open slowlog", "the log cannot be opened"},
		{"Cannot allocate memory", "there is not enough memory"},
		{"unable to allocate", "there is not enough memory"},
		{"fork() failed", "no process can be started, which the memory or the number of tasks does not allow"},
		{"cannot get uid for user", "its user does not exist"},
		{"cannot get gid for group", "its group does not exist"},
		{"does not exist or is not a directory", "a directory is missing"},
	} {
		if strings.Contains(words, c.has) {
			return c.means + ": " + words
		}
	}
	return "PHP-FPM says: " + words
}

// onlyStatus is what FPM's exit status says by itself; its own words say more.
const onlyStatus = "PHP-FPM cannot run with its configuration (status 78)"

// systemdReason explains what systemd logs of a unit; the numbers are those of systemd.exec(5), "Process exit codes".
func systemdReason(line string) string {
	for _, c := range []struct{ has, means string }{
		{"status=217/USER", "its user does not exist; provision the instance again"},
		{"status=216/GROUP", "its group does not exist; provision the instance again"},
		{"status=203/EXEC", "PHP-FPM is not where the unit says; install php-fpm"},
		{"status=226/NAMESPACE", "one of its directories is missing; provision the instance again"},
		{"status=233/RUNTIME_DIRECTORY", "the directory of its socket cannot be made"},
		{"status=78/CONFIG", onlyStatus},
		{"killed by the OOM killer", "there was not enough memory: a process was killed"},
		{"oom-kill", "there was not enough memory: a process was killed"},
		{"start operation timed out", "it took longer to start than it may"},
		{"Start request repeated too quickly", "it ended five times within a minute"},
		{"Assertion failed", "its PHP-FPM configuration is missing; provision the instance"},
	} {
		if strings.Contains(line, c.has) {
			return c.means
		}
	}
	return ""
}

// Exits picks the lines in which systemd tells how a master has ended, oldest first.
func Exits(log []string) []string {
	var exits []string
	for _, line := range log {
		if _, how, found := strings.Cut(line, "Main process exited, "); found {
			exits = append(exits, how) // code=killed, status=9/KILL
		}
	}
	return exits
}

// withoutOutput leaves out what PHP scripts have printed: that is a site's, and may hold its secrets.
func withoutOutput(log []string) []string {
	var kept []string
	for _, line := range log {
		if !strings.Contains(line, "said into std") && !strings.Contains(line, "PHP message: ") {
			kept = append(kept, line)
		}
	}
	return kept
}
