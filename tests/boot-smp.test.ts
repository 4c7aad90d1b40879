import { expect, test } from 'vitest'
import { debianBoard, host, loadDebian } from './debian/board.ts'
import { debianFiles } from './debian/files.ts'

// Work on both CPUs at once; remote fences by unmapping what the other CPU has just used; a CPU that stops and starts.
const init = `#!/bin/sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo "processors: $(grep -c ^processor /proc/cpuinfo), online: $(cat /sys/devices/system/cpu/online)"
for cpu in 0 1; do
  taskset $((cpu + 1)) sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i + 1)); /bin/true; done; echo "worked on $(awk "{print \\$39}" /proc/self/stat)"' &
done
wait
for state in 0 1; do
  echo $state >/sys/devices/system/cpu/cpu1/online
  echo "online: $(cat /sys/devices/system/cpu/online)"
done
taskset 2 sh -c 'echo "again on $(awk "{print \\$39}" /proc/self/stat)"'
grep -i -e timer -e 'function call' /proc/interrupts
poweroff -f
`

test('Debian comes up on two CPUs, uses both, and takes one away and back', { timeout: 600_000 }, async () => {
  const made = debianBoard({ cpus: 2 })
  loadDebian(made, await debianFiles(init))
  expect(await made.board.machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
  const lines = made.console.text.split(/\r?\n/).filter((line) => /^(processors|online|worked|again)/.test(line))
  expect(lines.map((line) => line.trim())).toEqual([
    'processors: 2, online: 0-1', expect.stringMatching(/^worked on [01]$/), expect.stringMatching(/^worked on [01]$/), 'online: 0', 'online: 0-1', 'again on 1',
  ])
  expect(new Set(lines.slice(1, 3))).toEqual(new Set(['worked on 0', 'worked on 1']))
  expect(made.board.harts.map(({ retired }) => retired > 100_000_000)).toEqual([true, true])
})
