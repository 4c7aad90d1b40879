import { readFile } from 'node:fs/promises'
import { DebianArchive, openCache, pullImage, pullOpenSbi } from '@strata/image'
import { gunzip, isGzip } from '@strata/machine'
import { StrataError } from '../errors.ts'
import { agentFiles } from './agent.ts'
import type { Image, Task } from '@strata/image'

/** What a guest is made of. */
export interface GuestImageOptions {
  /** `debian` (unless given) or `debian-installer`. */
  readonly image?: string
  /** Debian packages to put into the guest, with what they depend on. Only for `debian`. */
  readonly packages?: readonly string[]
  /** A kernel of your own instead of the image's: a raw Linux Image or an ELF file, or either in gzip; its bytes or its path. */
  readonly kernel?: Uint8Array | string
  /** An initramfs of your own instead of the image's. What it starts is its own affair: there is no `exec`. */
  readonly initramfs?: Uint8Array | string
  /** Goes behind the kernel's command line. */
  readonly append?: string
  /** `none` (unless given): Strata answers the kernel's SBI calls; `opensbi`: Debian's OpenSBI does, in machine mode. */
  readonly firmware?: 'none' | 'opensbi'
  /** Has the kernel print what it does while it boots. */
  readonly bootMessages?: boolean
}

/** All that a board starts with. */
export interface BootImage {
  readonly kernel: Uint8Array
  readonly initramfs?: Uint8Array
  readonly firmware?: Uint8Array
  readonly bootArguments: string
  /** Whether the guest's first process is ours and takes commands. */
  readonly agent: boolean
}

const bytesOf = async (file: Uint8Array | string, what: string): Promise<Uint8Array> => {
  if (file instanceof Uint8Array) return file
  try {
    return await readFile(file)
  } catch (cause) {
    throw new StrataError('ERR_FILE', `the ${what} ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const isKernel = (bytes: Uint8Array): boolean => {
  const text = (at: number, length: number): string => Buffer.from(bytes.subarray(at, at + length)).toString('latin1')
  return text(0, 4) === '\x7fELF' || text(0x38, 4) === 'RSC\x05' || text(0x38, 4) === 'ARM\x64'
}

/** Kernels of others come as people have them: packed or not. */
const ownKernel = async (file: Uint8Array | string): Promise<Uint8Array> => {
  const bytes = await bytesOf(file, 'kernel')
  const kernel = isGzip(bytes) ? await gunzip(bytes) : bytes
  if (!isKernel(kernel)) {
    const name = typeof file === 'string' ? ` ${file}` : ''
    throw new StrataError('ERR_FILE', `the kernel${name} is neither a Linux Image nor an ELF file (${kernel.length} bytes): give one that was built for riscv64`)
  }
  return kernel
}

/**
 * Obtains everything a guest is made of, from the cache where it can. Throws `ERR_OPTION` for options that exclude each
 * other, `ERR_FILE`, and what the image package throws.
 */
export const prepareBoot = async (options: GuestImageOptions, task: Task = {}): Promise<BootImage> => {
  const { image = 'debian', packages = [], firmware = 'none', append, bootMessages = false } = options
  if (packages.length > 0 && (image !== 'debian' || options.initramfs !== undefined)) {
    throw new StrataError('ERR_OPTION', 'packages go into the image debian only: leave out the other image or the packages')
  }
  const agent = image === 'debian' && options.initramfs === undefined
  const kernel = options.kernel === undefined ? undefined : await ownKernel(options.kernel)
  const initramfs = options.initramfs === undefined ? undefined : await bytesOf(options.initramfs, 'initramfs')
  let pulled: Image | undefined
  let archive: DebianArchive | undefined
  if (kernel === undefined || initramfs === undefined || firmware === 'opensbi') {
    archive = new DebianArchive({ cache: await openCache(), ...task })
  }
  if (archive !== undefined && (kernel === undefined || initramfs === undefined)) {
    pulled = await pullImage(image, archive, agent ? { entries: agentFiles, packages } : {})
  }
  const messages = agent && !bootMessages ? ['quiet'] : []
  const panic = agent ? ['panic=-1'] : []
  const found = initramfs ?? pulled?.initrd
  return {
    kernel: kernel ?? pulled!.kernel,
    ...(found === undefined ? {} : { initramfs: found }),
    ...(firmware === 'opensbi' && archive !== undefined ? { firmware: (await pullOpenSbi(archive)).dynamic } : {}),
    bootArguments: ['console=ttyS0', ...messages, ...panic, ...(append === undefined ? [] : [append])].join(' '),
    agent,
  }
}
