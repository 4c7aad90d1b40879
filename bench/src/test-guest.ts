import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DebianArchive, openCache, pullImage } from '@strata/image'

/** The guest that is booted by all: Debian's kernel with an initramfs of busybox and a script. */
export interface TestGuest {
  readonly kernel: string
  readonly initramfs: string
  readonly kernelVersion: string
  /** RAM, as both command lines say it. */
  readonly memory: string
}

/** RAM of the guests that run nothing but a shell. */
export const guestMemory: { readonly text: string; readonly bytes: number } = { text: '512M', bytes: 512 * 2 ** 20 }

/** What the guest prints when its first process runs, and when its shell waits for a line. */
export const initLine = 'userland is up'
export const prompt = 'ready$ '

/** How the first process begins in all guests. */
export const beginning: string = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo ${initLine}
`

/** What its first process does after the beginning that all have. */
export const endings: Readonly<Record<'powerOff' | 'shell', string>> = {
  /** Powers off at once. */
  powerOff: 'poweroff -f\n',
  /** Waits in a shell on the console, as somebody does who thinks. */
  shell: `export PS1='${prompt}'\nexec setsid -c sh -i </dev/ttyS0 >/dev/ttyS0 2>&1\n`,
}

/** Puts kernel and initramfs into `folder`. Rejects with what the image package says. */
export const makeTestGuest = async (ending: keyof typeof endings, folder: string): Promise<TestGuest> => {
  const archive = new DebianArchive({ cache: await openCache() })
  const image = await pullImage('debian', archive, {
    entries: [{ type: 'file', path: 'init', mode: 0o755, data: new TextEncoder().encode(beginning + endings[ending]) }],
  })
  await mkdir(folder, { recursive: true })
  const guest: TestGuest = { kernel: join(folder, 'kernel'), initramfs: join(folder, `initramfs-${ending}`), kernelVersion: image.kernelVersion, memory: guestMemory.text }
  await writeFile(guest.kernel, image.kernel)
  await writeFile(guest.initramfs, image.initrd)
  return guest
}

/** A contestant that boots a guest. */
export interface GuestRunner {
  readonly name: string
  /** For readers. */
  readonly command: string
  readonly program: string
  readonly args: (guest: TestGuest) => readonly string[]
}

const guestProcess = fileURLToPath(new URL('guest-process.js', import.meta.url))
const qemuArgs = ['-M', 'virt', '-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-no-reboot']
// `console=ttyS0` is what our command line begins with by itself.
const kernelArguments = 'quiet panic=-1'

export const strata = 'strata'
export const qemu = 'qemu'

export const guestRunners: readonly GuestRunner[] = [
  {
    name: qemu,
    command: `qemu-system-riscv64 ${qemuArgs.join(' ')} -m MEMORY -append 'console=ttyS0 ${kernelArguments}' -kernel KERNEL -initrd INITRAMFS`,
    program: 'qemu-system-riscv64',
    args: ({ kernel, initramfs, memory }) => [...qemuArgs, '-m', memory, '-append', `console=ttyS0 ${kernelArguments}`, '-kernel', kernel, '-initrd', initramfs],
  },
  {
    name: strata,
    command: `node bench/dist/guest-process.js KERNEL INITRAMFS MEMORY '${kernelArguments}'`,
    program: process.execPath,
    args: ({ kernel, initramfs, memory }) => [guestProcess, kernel, initramfs, memory, kernelArguments],
  },
]
