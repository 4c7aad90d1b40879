import { DebianArchive, openCache, pullImage } from '@strata/image'
import type { DebianFiles } from './board.ts'

/** Shows what could differ between two runs: time, randomness, process numbers, statistics, the order of what runs at once. */
const curious = `#!/bin/sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo "userland of $(uname -sm)"
grep -e processor -e isa /proc/cpuinfo
date
cat /proc/sys/kernel/random/uuid
head -c 16 /dev/urandom | hexdump -C
for i in 1 2 3; do (sleep 0.$i; echo "child $i") & done
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done
wait
cat /proc/interrupts /proc/uptime /proc/stat
echo "the end"
poweroff -f
`

/** Debian's kernel as it is, with busybox and an `init` of ours. */
export const debianFiles = async (init: string = curious): Promise<DebianFiles> => {
  const archive = new DebianArchive({ cache: await openCache() })
  const { kernel, initrd } = await pullImage('debian', archive, {
    entries: [{ type: 'file', path: 'init', mode: 0o755, data: new TextEncoder().encode(init) }],
  })
  return { kernel, initramfs: initrd }
}
