import { ImageFormatError } from '../errors.ts'

/** A file or a byte array that is read in pieces. */
export interface RandomAccess {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface ArMember {
  readonly name: string
  /** Where the member's data begins, in bytes from the archive's start. */
  readonly offset: number
  readonly size: number
}

const magic = '!<arch>\n'
const headerSize = 60

/**
 * The members of an `ar` archive as dpkg writes it (deb(5)): common format, names of at most 16 characters.
 * @throws ImageFormatError when it is something else or ends early
 */
export async function readAr(archive: RandomAccess, what: string): Promise<ArMember[]> {
  const start = Buffer.from(await archive.read(0, Math.min(magic.length, archive.size))).toString('latin1')
  if (start !== magic) throw new ImageFormatError(`${what}: expected an ar archive, which starts with "!<arch>", found ${JSON.stringify(start)}`)
  const members: ArMember[] = []
  let offset = magic.length
  while (offset < archive.size) {
    if (offset + headerSize > archive.size) throw new ImageFormatError(`${what}: ends within the ar header at offset ${offset}`)
    const header = Buffer.from(await archive.read(offset, headerSize)).toString('latin1')
    const size = header.slice(48, 58).trimEnd()
    if (header.slice(58) !== '`\n' || !/^\d+$/.test(size)) throw new ImageFormatError(`${what}: damaged ar header at offset ${offset}`)
    const member = { name: header.slice(0, 16).trimEnd().replace(/\/$/, ''), offset: offset + headerSize, size: Number(size) }
    if (member.offset + member.size > archive.size) {
      const left = archive.size - member.offset
      throw new ImageFormatError(`${what}: member ${member.name} has ${member.size} bytes, but only ${left} are left; the file is truncated`)
    }
    members.push(member)
    // Members begin at even offsets.
    offset = member.offset + member.size + (member.size % 2)
  }
  return members
}
