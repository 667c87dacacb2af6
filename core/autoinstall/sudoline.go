package autoinstall

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// SudoersLine is the line that administrators were told to add. It is equivalent to root: whoever may link and start
// units, or run php-fpm with a configuration of his own, runs anything as root.
const SudoersLine = "www-data ALL=(ALL) NOPASSWD: /usr/sbin/php-fpm*, /bin/systemctl"

const sudo = "/usr/bin/sudo"

// sudoSystemctl gives the path of systemctl as the line in sudoers has it, "" where sudo does not let this process's
// user run it as root without a password. It takes 5 to 7 ms, and sudo may log that it was asked.
func sudoSystemctl(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	out, err := runSudo(ctx, "-l").Output()
	if err != nil {
		return ""
	}
	return SystemctlIn(string(out))
}

func runSudo(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, sudo, append([]string{"-n"}, args...)...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	return cmd
}

// SudoersState changes when sudo's configuration does. Everybody may look at that.
func SudoersState() string {
	state := ""
	for _, path := range []string{"/etc/sudoers", "/etc/sudoers.d"} {
		if info, err := os.Stat(path); err == nil {
			state += fmt.Sprintf("%s %d ", path, info.ModTime().UnixNano())
		}
	}
	return strings.TrimSpace(state)
}

// SystemctlIn gives the systemctl that somebody may run as root without a password, "" for none, from what "sudo -l"
// prints: after a headline, a line for each rule with whom commands run as, tags that
// hold until another one, and the commands.
func SystemctlIn(list string) (path string) {
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
