import { LoaderError } from '../errors.ts'
import { decodeAscii } from '../text.ts'

const headerSize = 64
const magicAt = 0x38
/** The four bytes at 0x38, by which an Image says for which processor it is. */
const knownMagics = ['RSC\x05', 'ARM\x64'] as const

/** The header of a raw Linux Image, as described in the kernel's boot-image-header documents. */
export interface LinuxImageHeader {
  /** The four characters at offset 0x38. */
  readonly magic: string
  /** Where the image wants to lie, in bytes from the start of RAM. */
  readonly textOffset: number
  /** Bytes the kernel occupies once it runs, beyond the file's end for its zeroed data; 0 if it does not say. */
  readonly imageSize: number
  readonly bigEndian: boolean
  /** Bytes the file must have at least, as its EFI header tells; 0 if it has none. */
  readonly fileSize: number
}

const peSignature = 0x5045_0000
const coffHeaderSize = 24
const sectionHeaderSize = 40

/** The end of the last section of the EFI application that an Image usually is as well (PE/COFF, sections 3 and 4). */
const efiFileSize = (bytes: Uint8Array, view: DataView): number => {
  const at = view.getUint32(0x3c, true)
  if (at < headerSize || at + coffHeaderSize > bytes.length || view.getUint32(at) !== peSignature) return 0
  const sections = view.getUint16(at + 6, true)
  const table = at + coffHeaderSize + view.getUint16(at + 20, true)
  let end = table + sections * sectionHeaderSize
  if (end > bytes.length) return end
  for (let section = table; section < table + sections * sectionHeaderSize; section += sectionHeaderSize) {
    end = Math.max(end, view.getUint32(section + 16, true) + view.getUint32(section + 20, true))
  }
  return end
}

/** Reads the header; `undefined` if the bytes are something else. Throws `ERR_LOADER_FORMAT` if it makes no sense. */
export const linuxImage = (bytes: Uint8Array): LinuxImageHeader | undefined => {
  if (bytes.length < headerSize) return undefined
  const magic = decodeAscii(bytes.subarray(magicAt, magicAt + 4)) ?? ''
  if (!knownMagics.some((known) => known === magic)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const textOffset = view.getBigUint64(8, true)
  const imageSize = view.getBigUint64(16, true)
  if (textOffset > 0xffff_ffffn || imageSize > 0xffff_ffffn) {
    throw new LoaderError('ERR_LOADER_FORMAT', `the kernel's header asks for ${String(imageSize)} bytes at offset ${String(textOffset)}: the file is damaged`)
  }
  return {
    magic,
    textOffset: Number(textOffset),
    imageSize: Number(imageSize),
    bigEndian: (view.getBigUint64(24, true) & 1n) === 1n,
    fileSize: efiFileSize(bytes, view),
  }
}
