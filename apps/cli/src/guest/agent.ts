import type { FileEntry } from '@strata/image'

/**
 * The guest's first process: a script for the guest's own shell. It sets the guest up, then runs commands for the
 * host, which is at the other end of the serial lines ({@link AgentClient}).
 */
const script: string = String.raw`#!/bin/sh
# The guest's first process, and the agent that runs commands for the host. It speaks over the serial ports:
#   ttyS0  the console: kernel messages, the interactive shell
#   ttyS1  control, in lines: verbs from the host, reports to it
#   ttyS2  a command's input (pieces, each behind a line with its length) and output
#   ttyS3  a command's errors
# The host sends a piece of input only when it was asked for one, so no buffer on the way can overflow.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox mount -a -T /etc/strata/fstab
/bin/busybox --install -s /bin 2>/dev/null
mkdir /dev/pts /dev/shm /run/strata
mount -t devpts devpts /dev/pts
cp -a /etc/strata/dev/. /dev
echo strata >/proc/sys/kernel/hostname
export HOME=/root USER=root LOGNAME=root
cd /root

for port in ttyS1 ttyS2 ttyS3; do stty -F /dev/$port raw -echo -echoe -echok -echoctl -echoke -iexten -onlcr 115200; done
exec 3<>/dev/ttyS1 4<>/dev/ttyS2 5<>/dev/ttyS3

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

exec 6<>/etc/strata/queue
listen &
while read -r verb id first second <&6; do
  "$verb" "$id" "$first" "$second"
done
`

const text = (path: string, lines: readonly string[], mode = 0o644): FileEntry => ({
  type: 'file', path, mode, data: new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')),
})
const link = (path: string, target: string): FileEntry => ({ type: 'symlink', path, target })
const directory = (path: string, mode = 0o755): FileEntry => ({ type: 'directory', path, mode })

/** The agent, and what it finds laid out so that it need not make it: in the guest, each step is a process of its own. */
export const agentFiles: readonly FileEntry[] = [
  { type: 'file', path: 'init', mode: 0o755, data: new TextEncoder().encode(script) },
  directory('dev'), directory('proc'), directory('sys'), directory('run'), directory('root', 0o700), directory('tmp', 0o1777),
  text('etc/strata/fstab', ['proc /proc proc defaults 0 0', 'sysfs /sys sysfs defaults 0 0', 'devtmpfs /dev devtmpfs defaults 0 0', 'tmpfs /run tmpfs mode=755 0 0']),
  // No package ships these: they are made when it is configured, which here nobody does.
  text('etc/passwd', ['root:x:0:0:root:/root:/bin/sh']), text('etc/group', ['root:x:0:']),
  link('etc/strata/dev/fd', '/proc/self/fd'),
  link('etc/strata/dev/stdin', 'fd/0'),
  link('etc/strata/dev/stdout', 'fd/1'),
  link('etc/strata/dev/stderr', 'fd/2'),
  { type: 'fifo', path: 'etc/strata/queue', mode: 0o600 },
]
