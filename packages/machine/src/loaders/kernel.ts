import { hex, LoaderError } from '../errors.ts'
import { isElf, readElf } from './elf.ts'
import { isGzip } from './gzip.ts'
import { linuxImage } from './linux-image.ts'
import { checkPlace } from './placement.ts'
import type { GuestMemory } from '../memory.ts'
import type { LinuxImageHeader } from './linux-image.ts'
import type { LoadedRange } from './placement.ts'

/** The processor a kernel must be made for. */
export interface KernelMachine {
  /** ELF's `e_machine`. */
  readonly elf: number
  /** The four characters at 0x38 of a raw Linux Image. */
  readonly image?: string
  readonly bigEndian?: boolean
}

export interface LoadKernelOptions {
  /** Where to put it, guest-physical; otherwise where the file says, or at the start of RAM for raw bytes. */
  readonly at?: number
  /** Refuses kernels for other processors; without it any is loaded. */
  readonly machine?: KernelMachine
  /** What is in memory already. */
  readonly occupied?: readonly LoadedRange[]
}

export interface LoadedKernel extends LoadedRange {
  /** Where to start, guest-physical. */
  readonly entry: number
  readonly format: 'linux-image' | 'elf' | 'raw'
}

const foreign = (what: string): LoaderError => new LoaderError('ERR_LOADER_MACHINE', `the kernel is for another processor: ${what}`)

/**
 * Places a kernel: a raw Linux Image, an ELF64 file, or, being neither, raw bytes. `end` includes the memory it
 * occupies beyond the file. Unpack gzip first, with {@link gunzip}. Throws `LoaderError` having written nothing.
 */
export const loadKernel = (memory: GuestMemory, bytes: Uint8Array, options: LoadKernelOptions = {}): LoadedKernel => {
  if (bytes.length === 0) throw new LoaderError('ERR_LOADER_TRUNCATED', 'the kernel file is empty')
  if (isGzip(bytes)) throw new LoaderError('ERR_LOADER_FORMAT', 'the kernel is compressed with gzip: unpack it first')
  if (isElf(bytes)) return loadElf(memory, bytes, options)
  const header = linuxImage(bytes)
  if (header !== undefined) return loadImage(memory, bytes, header, options)
  if (bytes[0] === 0x4d && bytes[1] === 0x5a) throw foreign('it is an EFI application, but no raw Linux Image of a known kind')
  const start = options.at ?? memory.base
  const range = { start, end: start + bytes.length }
  checkPlace(memory, 'the kernel', range, options.occupied)
  memory.write(start, bytes)
  return { ...range, entry: start, format: 'raw' }
}

const loadImage = (memory: GuestMemory, bytes: Uint8Array, header: LinuxImageHeader, options: LoadKernelOptions): LoadedKernel => {
  const { machine } = options
  if (machine !== undefined && (machine.image !== header.magic || (machine.bigEndian ?? false) !== header.bigEndian)) {
    throw foreign(`its Image header says ${JSON.stringify(header.magic)}${header.bigEndian ? ', big-endian' : ''}, ${JSON.stringify(machine.image ?? 'an ELF file')} was expected`)
  }
  if (bytes.length < header.fileSize) {
    throw new LoaderError('ERR_LOADER_TRUNCATED', `the kernel should have at least ${String(header.fileSize)} bytes, but ${String(bytes.length)} came: obtain it again`)
  }
  const start = options.at ?? memory.base + header.textOffset
  const range = { start, end: start + Math.max(header.imageSize, bytes.length) }
  checkPlace(memory, 'the kernel', range, options.occupied)
  memory.write(start, bytes)
  memory.fill(start + bytes.length, range.end - start - bytes.length)
  return { ...range, entry: start, format: 'linux-image' }
}

const loadElf = (memory: GuestMemory, bytes: Uint8Array, options: LoadKernelOptions): LoadedKernel => {
  const elf = readElf(bytes)
  const { machine } = options
  if (machine !== undefined && (machine.elf !== elf.machine || (machine.bigEndian ?? false) !== elf.bigEndian)) {
    throw foreign(`its ELF header says machine ${String(elf.machine)}, ${elf.bigEndian ? 'big' : 'little'}-endian, machine ${String(machine.elf)} was expected`)
  }
  const lowest = elf.segments.reduce((least, segment) => (segment.physical < least ? segment.physical : least), elf.segments[0]?.physical ?? 0n)
  const shift = options.at === undefined ? 0n : BigInt(options.at) - lowest
  const placed = elf.segments.map((segment) => {
    const start = Number(segment.physical + shift)
    return { segment, start, end: start + segment.memorySize }
  })
  placed.forEach((range, index) => {
    checkPlace(memory, `segment ${String(index)} of the kernel`, range, [...(options.occupied ?? []), ...placed.slice(0, index)])
  })
  const holder = placed.find(({ segment }) => elf.entry >= segment.virtual && elf.entry < segment.virtual + BigInt(segment.memorySize))
  if (holder === undefined) throw new LoaderError('ERR_LOADER_FORMAT', `the ELF file cannot be loaded: its entry ${hex(elf.entry)} is in none of its segments`)
  for (const { segment, start, end } of placed) {
    memory.write(start, segment.bytes)
    memory.fill(start + segment.bytes.length, end - start - segment.bytes.length)
  }
  return {
    start: Math.min(...placed.map(({ start }) => start)),
    end: Math.max(...placed.map(({ end }) => end)),
    entry: holder.start + Number(elf.entry - holder.segment.virtual),
    format: 'elf',
  }
}
