/**
 * The guest's first process: a script for the guest's own shell. It sets the guest up, then runs commands for the
 * host, which is at the other end of the serial lines ({@link AgentClient}).
 */
export const agentScript: string = String.raw`#!/bin/sh
# The guest's first process, and the agent that runs commands for the host. It speaks over the serial ports:
#   ttyS0  the console: kernel messages, the interactive shell
#   ttyS1  control, in lines: verbs from the host, reports to it
#   ttyS2  a command's input (pieces, each behind a line with its length) and output
#   ttyS3  a command's errors
# The host sends a piece of input only when it was asked for one, so no buffer on the way can overflow.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -x /bin/busybox ] && /bin/busybox --install -s /bin 2>/dev/null
mkdir -p /proc /sys /dev /run /tmp /root /etc
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
ln -sf /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr
[ -e /etc/passwd ] || echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
[ -e /etc/group ] || echo 'root:x:0:' >/etc/group
hostname strata
export HOME=/root USER=root LOGNAME=root
cd /root

for port in ttyS1 ttyS2 ttyS3; do stty -F /dev/$port raw -echo -echoe -echok -echoctl -echoke -iexten -onlcr 115200; done
exec 3<>/dev/ttyS1 4<>/dev/ttyS2 5<>/dev/ttyS3
mkdir -p /run/strata

# Waits until everything written to a port has left the guest.
drain() { stty -F /dev/"$1" 115200; }

# Asks for pieces of input and passes them on until there are no more, or nobody reads them.
pump() {
  while echo "want $1" >&3 && read -r length <&4 && [ "$length" -gt 0 ]; do
    dd bs="$length" count=1 iflag=fullblock <&4 2>/dev/null || return
  done
}

# Becomes the command: tells the host who it is, lets go of the ports, and goes on with the script.
begin='echo $$ >"$2.group"; echo "started $1 $$" >&3; exec 3>&- 4>&- 5>&- 6>&-; . "$2"'

# Runs a script: id, whether it reads input. Reports when it has started and ended, and when its output is out. It runs
# in the foreground: a shell has what it runs in the background ignore interrupts for good.
run() {
  here=/run/strata/$1
  mkfifo "$here.out" "$here.err"
  cat <"$here.out" >&4 & out=$!
  cat <"$here.err" >&5 & err=$!
  input=/dev/null
  if [ "$2" = 1 ]; then
    input=$here.in
    mkfifo "$input"
    pump "$1" >"$input" & pump=$!
  fi
  setsid sh -c "$begin" sh "$1" "$here" <"$input" >"$here.out" 2>"$here.err"
  status=$?
  # Like a container's, a command's processes end with it; one that should stay has a session of its own.
  read -r group <"$here.group" && kill -KILL -"$group" 2>/dev/null
  echo "ended $1" >&3
  [ "$2" = 1 ] && wait $pump
  wait $out $err
  drain ttyS2
  drain ttyS3
  rm -f "$here" "$here".*
  echo "exit $1 $status" >&3
}

# An interactive shell on the console, with job control: id, rows, columns.
shell() {
  stty -F /dev/ttyS0 sane -ixon 115200 rows "$2" cols "$3"
  setsid -c sh -c "$begin" sh "$1" /run/strata/"$1" </dev/ttyS0 >/dev/ttyS0 2>&1
  status=$?
  drain ttyS0
  echo "exit $1 $status" >&3
}

# Takes what the host says. What is to be run waits in a queue; signals go past it.
listen() {
  echo "ready 1" >&3
  while read -r verb id size first second <&3; do
    case $verb in
      run | shell)
        # The script comes behind the line.
        dd bs="$size" count=1 iflag=fullblock <&3 >/run/strata/"$id" 2>/dev/null
        echo "$verb $id $first $second" >&6 ;;
      kill) kill -"$size" -"$id" 2>/dev/null ;; # here the id is that of the process group
      off) poweroff -f ;;
    esac
  done
}

mkfifo /run/strata/queue
exec 6<>/run/strata/queue
listen &
while read -r verb id first second <&6; do
  "$verb" "$id" "$first" "$second"
done
`
