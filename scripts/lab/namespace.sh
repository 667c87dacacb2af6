# Runs as the first process of new mount and PID namespaces: $1 is the host's directory. What is mounted here is seen
# by this Apache and its children only.
set -eu
mount --make-rprivate /
mount -t proc proc /proc
mount --bind "$1/etc/passwd" /etc/passwd
mount --bind "$1/etc/group" /etc/group
mount --bind "$1/etc/suexec" /etc/apache2/suexec
mount --bind "$1/log" /var/log # suEXEC's log is compiled in: /var/log/apache2/suexec.log
exec /usr/sbin/apache2 -d "$1" -f "$1/etc/apache.conf" -DFOREGROUND
