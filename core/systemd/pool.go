package systemd

import (
	"errors"
	"fmt"
	"strings"

	"vpm/core"
)

// Megabyte is the unit of limits, in bytes.
const Megabyte = 1 << 20

// Pool is the PHP-FPM configuration of an instance.
type Pool struct {
	Slug             string
	Docroot          string   // below the instance's directory: "htdocs"
	Listen           []string // the users that may send it requests: the web server's and vpm's
	Manager          string   // of its workers, pm: ondemand, dynamic or static
	MaxChildren      int64    // 1 to 200
	MemoryLimit      int64    // of one PHP request, bytes: 16 MB to 4 GB
	MaxExecutionTime int64    // of one PHP request, seconds: 1 to 3600
}

func (p Pool) check() error {
	err := errors.Join(CheckSlug(p.Slug), checkRelative("the document root", p.Docroot),
		checkRange("max_children", p.MaxChildren, 1, 200), checkRange("memory_limit", p.MemoryLimit, 16*Megabyte, 4096*Megabyte),
		checkRange("max_execution_time", p.MaxExecutionTime, 1, 3600))
	for _, user := range p.Listen {
		err = errors.Join(err, checkUser(user))
	}
	switch p.Manager {
	case "ondemand", "dynamic", "static":
	default:
		err = errors.Join(err, core.Errorf(core.CodeInvalid, "cannot use %.40q as the process manager: it has to be ondemand, dynamic or static", p.Manager))
	}
	if len(p.Listen) == 0 {
		err = errors.Join(err, core.Errorf(core.CodeInvalid, "cannot make a pool that nobody may send requests to"))
	}
	return err
}

// phpIdent is by what the journal tells what PHP scripts log from what PHP-FPM does; vpm-php@.service sets it.
const phpIdent = "vpm-php"

// Render gives the text of /etc/vpm/pools/SLUG.conf.
//
// memory_limit and open_basedir keep sites from accidents, not from themselves: PHP_ADMIN_VALUE undoes them. The boundary
// is the cgroup and the user. FPM's log is syslog, for it cannot open /proc/self/fd/2; mail stays
// enabled, for WordPress needs the function.
func (p Pool) Render() (string, error) {
	if err := p.check(); err != nil {
		return "", err
	}
	home := "/srv/vpm/" + p.Slug
	var b strings.Builder
	set := func(name string, value any) { fmt.Fprintf(&b, "%s = %v\n", name, value) }
	b.WriteString("[global]\n")
	set("error_log", "syslog")
	set("syslog.ident", "vpm-fpm")
	set("log_level", "notice")
	set("daemonize", "no")
	set("process_control_timeout", "10s") // a reload lets requests in flight finish
	fmt.Fprintf(&b, "[%s]\n", p.Slug)
	set("listen", "/run/vpm/"+p.Slug+"/php.sock")
	set("listen.mode", "0600")
	set("listen.acl_users", strings.Join(p.Listen, ","))
	set("pm.status_listen", "/run/vpm/"+p.Slug+"/status.sock") // has a worker of its own
	set("pm.status_path", statusPath)
	set("pm", p.Manager)
	set("pm.max_children", p.MaxChildren)
	switch p.Manager {
	case "ondemand":
		set("pm.process_idle_timeout", "10s")
	case "dynamic":
		set("pm.start_servers", 1)
		set("pm.min_spare_servers", 1)
		set("pm.max_spare_servers", min(p.MaxChildren, 2))
	}
	set("pm.max_requests", 500)
	// PHP counts its own time only, not that of waiting for a database.
	set("request_terminate_timeout", fmt.Sprint(p.MaxExecutionTime+30, "s"))
	set("catch_workers_output", "yes")
	set("clear_env", "yes")
	set("security.limit_extensions", ".php")
	set("chdir", home+"/"+p.Docroot)
	set("php_admin_value[open_basedir]", home+":/tmp")
	set("php_admin_value[upload_tmp_dir]", "/tmp")
	set("php_admin_value[session.save_path]", home+"/sessions")
	set("php_admin_value[disable_functions]", "exec,passthru,shell_exec,system,proc_open,popen,pcntl_exec,dl")
	set("php_admin_value[sendmail_path]", "/bin/false")
	set("php_admin_flag[log_errors]", "on")
	set("php_admin_value[memory_limit]", fmt.Sprint(p.MemoryLimit/Megabyte, "M"))
	set("php_admin_value[max_execution_time]", p.MaxExecutionTime)
	set("env[VPM_INSTANCE]", p.Slug)
	return b.String(), nil
}

// Limits is what all processes of an instance together may use.
type Limits struct {
	Memory int64 // bytes: 32 MB to 1 TB
	CPU    int64 // percent of one processor: 1 to 12800
	Tasks  int64 // processes and threads: 4 to 4096
}

// Render gives the text of the unit's drop-in, see LimitsFile.
func (l Limits) Render() (string, error) {
	err := errors.Join(checkRange("the memory limit", l.Memory, 32*Megabyte, 1<<40),
		checkRange("the processor limit", l.CPU, 1, 12800), checkRange("the limit of tasks", l.Tasks, 4, 4096))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("[Service]\nMemoryMax=%d\nCPUQuota=%d%%\nTasksMax=%d\n", l.Memory, l.CPU, l.Tasks), nil
}
