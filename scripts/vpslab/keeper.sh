# Keeps one VPS, from its first mount to its last directory. Standard input is a pipe from the program that booted the
# VPS: it ends however that program ends, and then everything goes. Runs in a mount namespace of its own.
#   keeper.sh NAME DIR machine|unified   boot; status 3 when DIR cannot carry an overlay
#   keeper.sh NAME DIR clear             only clear away, after a keeper that was killed
set -uo pipefail
name=$1 dir=$2 mode=$3
cgroups=/sys/fs/cgroup
limit=50 # seconds, for each of two things that take one where the disk has nothing else to do; together less than stopLimit

# hierarchies lists cgroup v2's one, or those of v1: one for each controller, systemd's own and perhaps v2's.
hierarchies() {
  if [[ -e $cgroups/cgroup.controllers ]]; then
    echo "$cgroups"
    return
  fi
  local hierarchy
  for hierarchy in "$cgroups"/*; do
    [[ -L $hierarchy || ! -e $hierarchy/cgroup.procs ]] || echo "$hierarchy"
  done
}

# make_cgroup adds a cgroup of the VPS's to each hierarchy, with every controller that there is.
make_cgroup() {
  local hierarchy controller
  for hierarchy in $(hierarchies); do
    for controller in $(cat "$hierarchy/cgroup.controllers" 2>/dev/null); do
      echo "+$controller" 2>/dev/null >"$hierarchy/$(dirname "$1")/cgroup.subtree_control" || true
    done
    mkdir "$hierarchy/$1" || return
    if [[ -e $hierarchy/cpuset.mems ]]; then # v1 takes no process before these are set, and does not inherit them
      cat "$hierarchy/cpuset.cpus" >"$hierarchy/$1/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" >"$hierarchy/$1/cpuset.mems"
      echo 1 >"$hierarchy/$1/cgroup.clone_children"
    fi
  done
}

# join moves the shell that calls it: 0 is whoever writes it.
join() {
  local hierarchy
  for hierarchy in $(hierarchies); do
    echo 0 >"$hierarchy/$1/cgroup.procs" || return
  done
}

# prepare mounts the root. What is mounted here, nobody outside sees, and the kernel unmounts it with the last process.
prepare() {
  mount --make-rprivate / || return
  cd "$dir" || return # the paths below stay valid when /run is covered, whatever characters are in them
  mount -t tmpfs -o mode=755 tmpfs /run || return # nspawn leaves its marks there
  mkdir /run/root /run/cgroup || return
  # As on any disk, a directory can be renamed; overlayfs alone would refuse it for one that came from below.
  mount -t overlay -o lowerdir=/,upperdir=up,workdir=work,redirect_dir=on overlay /run/root || return 3
  # A keeper in the caller's cgroup would be killed together with it.
  mount --rbind "$cgroups" /run/cgroup || return
  cgroups=/run/cgroup
  make_cgroup "$name" && make_cgroup "$name/keeper" && join "$name/keeper" || return
  if [[ $mode == unified && ! -e $cgroups/cgroup.controllers ]]; then
    mount --bind "$cgroups/unified" /sys/fs/cgroup || return
  fi
}

# In the VPS, before systemd: nspawn mounts the controllers of v1 read-only, and without them no limit would bind.
init='
for hierarchy in /sys/fs/cgroup/*; do
  if [ -e "$hierarchy/tasks" ]; then mount -o remount,bind,rw "$hierarchy"; fi
done
exec /lib/systemd/systemd'

# run boots the VPS, and again each time it reboots; it returns when the VPS is off. Each boot has a new cgroup: under
# v2, one that had a VPS in it takes no process any more.
run() {
  local boot=0 status=133 # nspawn's word for a reboot
  while [[ $status -eq 133 && ! -e $dir/ending ]]; do
    boot=$((boot + 1)) status=0
    make_cgroup "$name/vps$boot" || return
    (
      join "$name/vps$boot" || exit
      NOTIFY_SOCKET=@$name exec systemd-nspawn --quiet --settings=no --directory=/run/root --machine="$name" \
        --hostname=vps --register=no --keep-unit --notify-ready=yes --private-network --link-journal=no \
        ${INSTRUMENTED:+--bind="$INSTRUMENTED:/instrumented"} --resolv-conf=off --timezone=off --console=pipe --kill-signal=SIGRTMIN+3 /bin/sh -c "$init"
    ) </dev/null 3<&- || status=$?
  done
  return $status
}

# switch_off ends the VPS's first process, and the kernel all others with it. nspawn then ends by itself, so that each
# process is waited for by its parent: what is left to the machine's first process, that one may never wait for.
switch_off() {
  local end manager leader
  : >"$dir/ending"
  for ((end = SECONDS + limit; SECONDS < end;)); do
    kill -0 "$runner" 2>/dev/null || return
    for manager in $(cat "/proc/$runner/task/$runner/children" 2>/dev/null); do
      for leader in $(cat "/proc/$manager/task/$manager/children" 2>/dev/null); do
        kill -KILL "$leader" 2>/dev/null
      done
    done
    sleep 0.02
  done
}

# clear ends every process that is left and removes the VPS's cgroups and, when nothing else is left, its directory.
clear() {
  local try=0 end hierarchy left
  join . 2>/dev/null
  for ((end = SECONDS + limit; SECONDS < end;)); do
    try=$((try + 1))
    left=()
    for hierarchy in $(hierarchies); do
      [[ ! -e $hierarchy/$name ]] || left+=("$hierarchy/$name")
    done
    [[ ${#left[@]} -gt 0 ]] || break
    find "${left[@]}" -name cgroup.procs -exec cat {} + 2>/dev/null | grep -vx "$$" | sort -u | xargs -r kill -KILL 2>/dev/null
    find "${left[@]}" -depth -type d -exec rmdir {} \; 2>/dev/null
    [[ $try -eq 1 ]] || sleep 0.02 # the kernel takes a killed process out of its cgroup when it has time
  done
  if [[ ${#left[@]} -gt 0 ]]; then
    echo "cannot remove ${left[*]}" >&2
    return 1
  fi
  cd /
  umount --lazy /run/root 2>/dev/null
  rm -rf "$dir"
}

if [[ $mode == clear ]]; then
  clear
  exit
fi
trap : INT TERM HUP
exec 3<&0 # the shell takes standard input away from what it runs in the background
prepare
status=$?
if [[ $status -eq 0 ]]; then
  run &
  runner=$!
  cat <&3 >/dev/null &
  watcher=$!
  wait -n
  status=$?
  switch_off
  { kill "$watcher" && wait "$watcher"; } 2>/dev/null
fi
clear || status=1
wait
exit "$status"
