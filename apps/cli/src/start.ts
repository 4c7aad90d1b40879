import { StrataError } from './errors.ts'
import { prepareBoot } from './guest/boot-image.ts'
import { Guest } from './guest/guest.ts'
import { VirtualMachine } from './guest/virtual-machine.ts'
import { parseSize } from './size.ts'
import type { ProgressListener } from '@strata/image'
import type { GuestImageOptions } from './guest/boot-image.ts'

export interface StartOptions extends GuestImageOptions {
  /** How the guest is run. Today: `emulate`, every instruction in software. */
  readonly as?: 'emulate'
  /** The guest's CPU. Today: `rv64`. */
  readonly cpu?: 'rv64'
  /** RAM, in bytes or as text such as `512M` (unless given). */
  readonly memory?: number | string
  /** 1 to 8 CPUs; 1 unless given. */
  readonly cpus?: number
  /** How the emulator executes: everything interpreted, or hot code translated to WebAssembly, which is faster in long runs and takes more memory; `interpreter` unless given. */
  readonly engine?: 'interpreter' | 'translator'
  /** Gives up preparing and booting, and later stops the guest. */
  readonly signal?: AbortSignal
  /** Told how obtaining the image gets on. */
  readonly onProgress?: ProgressListener
  /** Called with the guest as soon as it runs, before it is ready: to show its console while it boots. */
  readonly onBoot?: (guest: Guest) => void
}

const page = 4096
const engines: readonly string[] = ['interpreter', 'translator']

/** RAM in bytes. Throws `ERR_OPTION` if no guest can have it. */
const memoryOf = (memory: number | string): number => {
  const bytes = typeof memory === 'string' ? parseSize(memory) : memory
  const least = 64 * 2 ** 20
  if (!Number.isSafeInteger(bytes) || bytes < least || bytes > 4 * 2 ** 30 - 128 * 2 ** 20) {
    throw new StrataError('ERR_OPTION', `a guest can have 64M to 3968M of memory, not ${typeof memory === 'string' ? memory : `${memory} bytes`}`)
  }
  return Math.floor(bytes / page) * page
}

/**
 * Starts a guest and resolves when it takes commands. Rejects with a `StrataError`, with what the packages throw, or
 * with the signal's reason.
 */
export const start = async (options: StartOptions = {}): Promise<Guest> => {
  const { signal, onProgress, cpus = 1, engine = 'interpreter' } = options
  for (const [name, value, only] of [['as', options.as, 'emulate'], ['cpu', options.cpu, 'rv64']] as const) {
    if (value !== undefined && value !== only) throw new StrataError('ERR_OPTION', `'${name}' can be '${only}', not '${value as string}'`)
  }
  const memory = memoryOf(options.memory ?? '512M')
  if (!Number.isSafeInteger(cpus) || cpus < 1 || cpus > 8) throw new StrataError('ERR_OPTION', `a guest can have 1 to 8 CPUs, not ${cpus}`)
  if (!engines.includes(engine)) throw new StrataError('ERR_OPTION', `'engine' can be 'interpreter' or 'translator', not '${engine as string}'`)
  signal?.throwIfAborted()
  const image = await prepareBoot(options, { signal, onProgress })
  signal?.throwIfAborted()
  const guest = new Guest(VirtualMachine.create(image, { memory, cpus, engine }), image.agent)
  const stop = (): void => void guest.stop()
  signal?.addEventListener('abort', stop, { once: true })
  void guest.ended.catch(() => undefined).then(() => signal?.removeEventListener('abort', stop))
  options.onBoot?.(guest)
  try {
    await guest.ready
  } catch (error) {
    await guest.stop()
    signal?.throwIfAborted()
    throw error
  }
  return guest
}
