// Package vpslab boots a throw-away VPS for tests and benchmarks: a container with systemd as its first process, whose
// root is a private overlay over this machine's root. Debian's packages are in it as scripts/setup installed them
// (Apache, MariaDB, PHP-FPM, polkit, sudo, WordPress below /usr/share/wordpress), none of the services is running or
// enabled, and directories that do not belong to the system (/root, /home, /srv, /opt, /tmp and others below /) are
// empty. What the VPS changes is seen by nobody else, and all of it is gone after Stop or with the program that booted
// it, however that ends. Many can run at once, each with a network of its own that has nothing but loopback.
//
// What differs from a real VPS:
//   - The kernel is the machine's: no modules, no sysctl outside the network namespace, no clock, no udev, no swap of
//     its own. /sys and most of /proc/sys are read-only, /proc/meminfo and nproc show the machine.
//   - The cgroup version is the machine's (VPS.Cgroup). Under v1 systemd has the controllers writable, so MemoryMax
//     and TasksMax bind, but there is no memory.events, memory.high or cgroup.kill. Options.Unified gives v2's
//     tree on such a machine, without controllers: there no limit binds and usage reads as unset.
//   - nspawn's seccomp filter and bounding set hold: no bpf, so IPAddressDeny and IPAccounting do nothing. Where the
//     machine withholds CAP_SYS_RESOURCE, no LimitNOFILE exceeds the hard limit of the program that booted the VPS.
//   - No route leads out, no name server answers, no getty runs, nobody logs in. Processes from VPS.Start are in all
//     namespaces of the VPS but in the caller's cgroup, so they count nowhere in it.
//   - The root file system is overlayfs: the first write to a file that came from the machine copies all of it.
//   - The machine's root should not change below a running VPS (no apt): overlayfs leaves undefined what it then sees.
package vpslab
