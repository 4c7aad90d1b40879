import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DebianArchive, initramfs, openCache, pullImage, readCpio, rootfs } from '@strata/image'
import { beginning } from './test-guest.ts'
import { dataPath, programText } from './programs.ts'
import type { FileEntry } from '@strata/image'
import type { Program } from './programs.ts'
import type { TestGuest } from './test-guest.ts'

/** RAM of a guest that runs programs: the initramfs is in it, unpacked. */
export const programMemory = '1G'
const textBytes = 2 * 2 ** 20

/** What says on the console that a program begins, has ended with a status, and that all it printed has been shown. */
export const marks = { begin: '@begin', end: '@end', shown: '@shown' } as const

/**
 * Runs the programs one after another; those that do not time themselves as often as the first argument says. Works in
 * the guest, and in a tree of the same packages on the host.
 */
const runAll = (programs: readonly Program[]): string => `#!/bin/sh
export PATH=/usr/bin:/usr/sbin LC_ALL=C HOME=/
/usr/bin/busybox --install -s /usr/bin 2>/dev/null
mkdir -p /tmp
for name in ${programs.map(({ name }) => name).join(' ')}; do
  times=1
  case $name in ${programs.filter(({ rates }) => rates === undefined).map(({ name }) => name).join('|')}) times=\${1:-1} ;; esac
  cat ${dataPath} >/dev/null
  echo "${marks.begin} $name"
  while [ $times -gt 0 ]; do
    sh /programs/$name >/tmp/output 2>/tmp/errors </dev/null
    status=$?
    times=$((times-1))
  done
  echo "${marks.end} $name $status"
  cat /tmp/output
  tail -n 3 /tmp/errors
  echo "${marks.shown} $name"
done
`

// Nobody reads them there, and unpacking them takes time.
const unread = /^usr\/share\/(doc|locale|man|info|lintian)\//

/** A root filesystem with the programs, for the guest or for the host's own architecture. */
const programTree = async (archive: DebianArchive, programs: readonly Program[]): Promise<readonly FileEntry[]> => {
  const { files } = await rootfs(archive, ['busybox-static', ...programs.flatMap(({ packages }) => packages)])
  const text = (path: string, content: string): FileEntry => ({ type: 'file', path, mode: 0o755, data: new TextEncoder().encode(content) })
  return [
    ...files.filter(({ path }) => !unread.test(path)),
    { type: 'directory', path: 'programs' },
    ...programs.map(({ name, script }) => text(`programs/${name}`, script)),
    text('programs/run-all', runAll(programs)),
    text(dataPath.slice(1), programText(textBytes)),
  ]
}

/** A guest that runs the programs and powers off. */
export const makeProgramGuest = async (programs: readonly Program[], folder: string): Promise<TestGuest> => {
  const archive = new DebianArchive({ cache: await openCache() })
  const image = await pullImage('debian', archive)
  const init: FileEntry = { type: 'file', path: 'init', mode: 0o755, data: new TextEncoder().encode(`${beginning}sh /programs/run-all\npoweroff -f\n`) }
  await mkdir(folder, { recursive: true })
  const guest: TestGuest = { kernel: join(folder, 'kernel'), initramfs: join(folder, 'initramfs-programs'), kernelVersion: image.kernelVersion, memory: programMemory }
  await writeFile(guest.kernel, image.kernel)
  await writeFile(guest.initramfs, initramfs([...await programTree(archive, programs), ...readCpio(image.initrd), init]))
  return guest
}

/** The programs as packages of the host's architecture, or undefined where Debian has none for it. */
export const makeNativeTree = async (programs: readonly Program[]): Promise<readonly FileEntry[] | undefined> => {
  const architecture = ({ x64: 'amd64', arm64: 'arm64', riscv64: 'riscv64', ppc64: 'ppc64el' } as Readonly<Record<string, string>>)[process.arch]
  if (architecture === undefined) return undefined
  return programTree(new DebianArchive({ cache: await openCache(), architecture }), programs)
}
