import { LoaderError } from '../errors.ts'

const magic = 0x7f45_4c46
const fileHeaderSize = 64
const programHeaderSize = 56
const loadable = 1
const maximumSegments = 1024
const types = { executable: 2, shared: 3 } as const

/** A loadable segment of an ELF file. */
export interface ElfSegment {
  readonly bytes: Uint8Array
  /** Bytes in memory, at least `bytes.length`; the rest is zero. */
  readonly memorySize: number
  readonly physical: bigint
  readonly virtual: bigint
}

/** What a loader needs of an ELF64 file (System V gABI, chapters 4 and 5). */
export interface Elf {
  /** `e_machine`. */
  readonly machine: number
  readonly bigEndian: boolean
  /** `e_entry`: a virtual address. */
  readonly entry: bigint
  readonly segments: readonly ElfSegment[]
}

export const isElf = (bytes: Uint8Array): boolean => bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) === magic

/** Reads an ELF64 file of either byte order. Throws `LoaderError`: `ERR_LOADER_TRUNCATED` or `ERR_LOADER_FORMAT`. */
export const readElf = (bytes: Uint8Array): Elf => {
  const bad = (message: string): never => {
    throw new LoaderError('ERR_LOADER_FORMAT', `the ELF file cannot be loaded: ${message}`)
  }
  const truncated = (needed: bigint | number): never => {
    throw new LoaderError('ERR_LOADER_TRUNCATED', `the ELF file should have at least ${String(needed)} bytes, but ${String(bytes.length)} came: obtain it again`)
  }
  if (!isElf(bytes)) bad('it does not start like one')
  if (bytes.length < fileHeaderSize) truncated(fileHeaderSize)
  if (bytes[4] !== 2) bad('it is not a 64-bit one')
  if (bytes[5] !== 1 && bytes[5] !== 2) bad('its byte order is unknown')
  const little = bytes[5] === 1
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = view.getUint16(16, little)
  if (type !== types.executable && type !== types.shared) bad(`its type is ${String(type)}, not an executable's`)
  const tableAt = view.getBigUint64(32, little)
  const entrySize = view.getUint16(54, little)
  const count = view.getUint16(56, little)
  if (count > maximumSegments) bad(`it has ${String(count)} segments, at most ${String(maximumSegments)} are expected`)
  if (count > 0 && entrySize < programHeaderSize) bad(`its program headers have ${String(entrySize)} bytes, not ${String(programHeaderSize)}`)
  const tableEnd = tableAt + BigInt(count * entrySize)
  if (tableEnd > BigInt(bytes.length)) truncated(tableEnd)
  const segments: ElfSegment[] = []
  for (let index = 0; index < count; index++) {
    const at = Number(tableAt) + index * entrySize
    if (view.getUint32(at, little) !== loadable) continue
    const [offset, virtual, physical, fileSize, memorySize] = [8, 16, 24, 32, 40].map((field) => view.getBigUint64(at + field, little)) as [bigint, bigint, bigint, bigint, bigint]
    if (memorySize === 0n) continue
    if (fileSize > memorySize) bad(`segment ${String(index)} has more bytes in the file than in memory`)
    if (memorySize > 0xffff_ffffn) bad(`segment ${String(index)} wants ${String(memorySize)} bytes of memory`)
    if (offset + fileSize > BigInt(bytes.length)) truncated(offset + fileSize)
    segments.push({ bytes: bytes.subarray(Number(offset), Number(offset + fileSize)), memorySize: Number(memorySize), physical, virtual })
  }
  if (segments.length === 0) bad('it has no loadable segments')
  return { machine: view.getUint16(18, little), bigEndian: !little, entry: view.getBigUint64(24, little), segments }
}
