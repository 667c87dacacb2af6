package install

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// SudoersLine is the line that administrators were told to add. It is equivalent to root: whoever may link and start
// units, or run php-fpm with a configuration of his own, runs anything as root.
const SudoersLine = "www-data ALL=(ALL) NOPASSWD: /usr/sbin/php-fpm*, /bin/systemctl"

// SudoLine tells whether sudo lets this process's user run systemctl as root without a password. It takes 5 to 7 ms,
// and sudo may log that it was asked: see AfterChange, which asks rarely.
func SudoLine(ctx context.Context) bool { return sudoSystemctl(ctx) != "" }

// sudoSystemctl gives the path of systemctl as the line has it, "" for none.
func sudoSystemctl(ctx context.Context) string {
	sudo := find("/usr/bin/sudo")
	if sudo == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, sudo, "-n", "-l")
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return systemctlIn(string(out))
}

// SudoLineOf tells whether sudo lets that user run systemctl as root without a password. It needs root.
func SudoLineOf(ctx context.Context, user string) (bool, error) {
	if find("/usr/bin/sudo") == "" {
		return false, nil
	}
	out, err := run(ctx, "sudo", "-n", "-l", "-U", user)
	return systemctlIn(out) != "", err
}

// systemctlIn reads what "sudo -l" prints: after a headline, a line for each rule with whom commands run as, tags that
// hold until another one, and the commands.
func systemctlIn(list string) (path string) {
	_, rules, found := strings.Cut(list, "may run the following commands")
	if !found {
		return ""
	}
	for line := range strings.Lines(rules) {
		as, commands, found := strings.Cut(strings.TrimSpace(line), ") ")
		users, _, _ := strings.Cut(strings.TrimPrefix(as, "("), ":")
		if !found || !strings.HasPrefix(as, "(") {
			continue
		}
		root := false
		for user := range strings.SplitSeq(users, ",") {
			user = strings.TrimSpace(user)
			root = root || user == "ALL" || user == "root"
		}
		free := false
		for command := range strings.SplitSeq(commands, ",") {
			words := strings.Fields(command)
			for len(words) > 0 && strings.HasSuffix(words[0], ":") {
				switch words[0] {
				case "NOPASSWD:":
					free = true
				case "PASSWD:":
					free = false
				}
				words = words[1:]
			}
			if !root || len(words) != 1 {
				continue
			}
			switch words[0] { // the last rule that fits counts in sudo
			case "/bin/systemctl", "/usr/bin/systemctl":
				path = ""
				if free {
					path = words[0]
				}
			case "ALL":
				path = ""
				if free {
					path = "/bin/systemctl"
				}
			case "!/bin/systemctl", "!/usr/bin/systemctl", "!ALL":
				path = ""
			}
		}
	}
	return path
}
