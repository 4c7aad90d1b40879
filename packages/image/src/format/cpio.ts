import { ImageFormatError, ImageOptionError } from '../errors.ts'
import { modeOf, normalizePath, type FileEntry } from './file-entry.ts'

// The "newc" format, as the kernel's Documentation/driver-api/early-userspace/buffer-format.rst has it:
// a magic of 6 characters, 13 numbers of 8 hexadecimal digits, the name with its NUL; header with name, and data, padded to 4 bytes.
const headerSize = 110
const trailer = 'TRAILER!!!'
const typeBits = { file: 0o100000, directory: 0o040000, symlink: 0o120000, character: 0o020000, block: 0o060000, fifo: 0o010000 } as const
const maximumSize = 0xffff_ffff

interface Header {
  readonly ino: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly nlink: number
  readonly rdevMajor: number
  readonly rdevMinor: number
}

/**
 * A cpio archive in the "newc" format, as the kernel takes for its initramfs. The same entries give the same bytes:
 * times are 0, inodes are numbered in the entries' order. The entries are written in the order given; parents have to come first
 * (`initramfs` sees to that).
 * @throws ImageOptionError when a hard link's target is not among the entries or a file has 4 GiB or more
 */
export function writeCpio(entries: readonly FileEntry[]): Uint8Array {
  const encoder = new TextEncoder()
  const groups = hardLinkGroups(entries)
  const parts: Uint8Array[] = []
  const seen = new Map<string, number>()
  const inodes = new Map<string, number>()
  let length = 0
  const push = (part: Uint8Array): void => {
    parts.push(part)
    length += part.length
    const padding = -length & 3
    if (padding !== 0) parts.push(new Uint8Array(padding))
    length += padding
  }
  const record = (header: Header, name: string, data: Uint8Array): void => {
    if (data.length > maximumSize) throw new ImageOptionError(`${name}: ${data.length} bytes; a file in a cpio archive has less than 4 GiB`)
    const nameBytes = encoder.encode(`${name}\0`)
    const numbers = [header.ino, header.mode, header.uid, header.gid, header.nlink, 0, data.length, 0, 0,
      header.rdevMajor, header.rdevMinor, nameBytes.length, 0]
    const text = '070701' + numbers.map((number) => number.toString(16).toUpperCase().padStart(8, '0')).join('')
    const head = new Uint8Array(headerSize + nameBytes.length)
    head.set(encoder.encode(text))
    head.set(nameBytes, headerSize)
    push(head)
    push(data)
  }

  for (const entry of entries) {
    const first = entry.type === 'hardlink' ? entry.target : entry.path
    const file = entry.type === 'hardlink' ? groups.get(first)?.file : entry
    if (file === undefined) throw new ImageOptionError(`${entry.path}: a hard link to ${first}, which is not a file among the entries`)
    const links = groups.get(first)?.links ?? 1
    const count = (seen.get(first) ?? 0) + 1
    seen.set(first, count)
    const ino = inodes.get(first) ?? inodes.size + 1
    inodes.set(first, ino)
    const type = file.type === 'hardlink' ? 'file' : file.type
    const device = file.type === 'character' || file.type === 'block' ? file : { major: 0, minor: 0 }
    let data: Uint8Array = new Uint8Array(0)
    // Of several names of a file the last one carries the data.
    if (file.type === 'file' && count === links) data = file.data
    if (file.type === 'symlink') data = encoder.encode(file.target)
    record({
      ino,
      mode: typeBits[type] | modeOf(file),
      uid: file.uid ?? 0,
      gid: file.gid ?? 0,
      nlink: type === 'directory' ? 2 : links,
      rdevMajor: device.major,
      rdevMinor: device.minor,
    }, entry.path === '' ? '.' : entry.path, data)
  }
  record({ ino: 0, mode: 0, uid: 0, gid: 0, nlink: 1, rdevMajor: 0, rdevMinor: 0 }, trailer, new Uint8Array(0))

  const archive = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    archive.set(part, offset)
    offset += part.length
  }
  return archive
}

function hardLinkGroups(entries: readonly FileEntry[]): Map<string, { file: FileEntry, links: number }> {
  const groups = new Map<string, { file: FileEntry, links: number }>()
  for (const entry of entries) if (entry.type === 'file') groups.set(entry.path, { file: entry, links: 1 })
  for (const entry of entries) {
    const group = entry.type === 'hardlink' ? groups.get(entry.target) : undefined
    if (group !== undefined) group.links++
  }
  return groups
}

/**
 * The entries of a "newc" archive, or of several one after the other. Data are views of `archive`, not copies. Files' checksums of
 * the "crc" variant are verified.
 * @throws ImageFormatError when it is something else, ends early, or a name leads out of it
 */
export function readCpio(archive: Uint8Array, what = 'cpio archive'): FileEntry[] {
  const entries: FileEntry[] = []
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  const decoder = new TextDecoder()
  let links = new Map<string, number>()
  let offset = 0
  let complete = false
  while (offset < bytes.length) {
    if (complete && bytes[offset] === 0) {
      offset++
      continue
    }
    const magic = bytes.toString('latin1', offset, offset + 6)
    if (magic !== '070701' && magic !== '070702') {
      throw new ImageFormatError(`${what}: expected a cpio header (070701) at offset ${offset}, found ${JSON.stringify(magic)}`)
    }
    const digits = bytes.toString('latin1', offset + 6, offset + headerSize)
    if (!/^[0-9a-fA-F]{104}$/.test(digits)) throw new ImageFormatError(`${what}: damaged or truncated cpio header at offset ${offset}`)
    const field = (index: number): number => Number.parseInt(digits.slice(index * 8, index * 8 + 8), 16)
    const mode = field(1)
    const size = field(6)
    const nameSize = field(11)
    const nameStart = offset + headerSize
    const start = (nameStart + nameSize + 3) & ~3
    const end = start + size
    if (nameSize === 0 || end > bytes.length) {
      throw new ImageFormatError(`${what}: the entry at offset ${offset} needs ${end - offset} bytes, ${bytes.length - offset} are left`)
    }
    const name = decoder.decode(bytes.subarray(nameStart, nameStart + nameSize - 1))
    const data = new Uint8Array(archive.buffer, archive.byteOffset + start, size)
    offset = (end + 3) & ~3
    complete = name === trailer
    if (complete) {
      links = new Map()
      continue
    }
    const path = normalizePath(name, what)
    const base = { path, mode: mode & 0o7777, uid: field(2), gid: field(3) }
    const kind = mode & 0o170000
    if (kind === typeBits.directory) entries.push({ type: 'directory', ...base })
    else if (kind === typeBits.symlink) entries.push({ type: 'symlink', ...base, target: decoder.decode(data) })
    else if (kind === typeBits.fifo) entries.push({ type: 'fifo', ...base })
    else if (kind === typeBits.character) entries.push({ type: 'character', ...base, major: field(9), minor: field(10) })
    else if (kind === typeBits.block) entries.push({ type: 'block', ...base, major: field(9), minor: field(10) })
    else if (kind === typeBits.file) {
      if (magic === '070702' && size > 0 && checksum(data) !== field(12)) {
        throw new ImageFormatError(`${what}: ${name} does not have the checksum of its header`)
      }
      const inode = `${field(7)}:${field(8)}:${field(0)}`
      const first = field(4) > 1 ? links.get(inode) : undefined
      if (first === undefined) {
        links.set(inode, entries.length)
        entries.push({ type: 'file', ...base, data })
      } else {
        const file = entries[first]
        if (file?.type !== 'file') throw new ImageFormatError(`${what}: ${name} is a hard link to what is not a file`)
        if (size > 0) entries[first] = { ...file, data }
        entries.push({ type: 'hardlink', ...base, target: file.path })
      }
    } else throw new ImageFormatError(`${what}: ${name} has the unknown mode 0o${mode.toString(8)}`)
  }
  if (!complete) throw new ImageFormatError(`${what}: ends without the entry ${trailer}`)
  return entries
}

function checksum(data: Uint8Array): number {
  let sum = 0
  for (const byte of data) sum = (sum + byte) >>> 0
  return sum
}
