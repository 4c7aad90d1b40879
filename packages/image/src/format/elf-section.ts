import { ImageFormatError } from '../errors.ts'

/**
 * A section of a 64-bit little-endian ELF file by name (System V ABI, chapter 4); undefined when there is none.
 * @throws ImageFormatError when it is something else or ends early
 */
export function elfSection(file: Uint8Array, name: string, what: string): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new ImageFormatError(`${what}: expected a 64-bit little-endian ELF file`)
  }
  const table = view.getBigUint64(0x28, true)
  const entrySize = view.getUint16(0x3a, true)
  const count = view.getUint16(0x3c, true)
  const namesIndex = view.getUint16(0x3e, true)
  if (entrySize < 64 || table + BigInt(count * entrySize) > file.length) {
    throw new ImageFormatError(`${what}: its section headers are outside of the file`)
  }
  const section = (index: number): { name: number, data: Uint8Array } => {
    const header = Number(table) + index * entrySize
    const [offset, size] = [view.getBigUint64(header + 0x18, true), view.getBigUint64(header + 0x20, true)]
    // A section without data in the file (SHT_NOBITS) may claim any size.
    const empty = view.getUint32(header + 4, true) === 8
    if (!empty && offset + size > file.length) throw new ImageFormatError(`${what}: section ${index} is outside of the file`)
    return { name: view.getUint32(header, true), data: empty ? new Uint8Array(0) : file.subarray(Number(offset), Number(offset + size)) }
  }
  if (namesIndex >= count) throw new ImageFormatError(`${what}: its sections have no names`)
  const names = Buffer.from(section(namesIndex).data)
  for (let index = 0; index < count; index++) {
    const found = section(index)
    const end = names.indexOf(0, found.name)
    if (names.toString('latin1', found.name, end) === name) return found.data
  }
  return undefined
}
