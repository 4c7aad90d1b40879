import { gunzipSync } from 'node:zlib'

/**
 * The release of a Linux kernel image, such as `6.12.107+deb13-riscv64`; undefined when it does not tell. Raw images, ELF and gzip carry a
 * banner "Linux version …"; an x86 bzImage points to its version (the kernel's Documentation/arch/x86/boot.rst, kernel_version).
 */
export function kernelVersion(image: Uint8Array): string | undefined {
  let bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: 256 << 20 })
    } catch {
      return undefined
    }
  }
  if (bytes.length > 0x210 && bytes.toString('latin1', 0x202, 0x206) === 'HdrS') {
    const start = bytes.readUInt16LE(0x20e) + 0x200
    return firstWord(bytes.toString('latin1', start, start + 128))
  }
  const banner = 'Linux version '
  for (let at = bytes.indexOf(banner); at >= 0; at = bytes.indexOf(banner, at + 1)) {
    const version = firstWord(bytes.toString('latin1', at + banner.length, at + banner.length + 128))
    // The kernel also has formats such as "Linux version %s".
    if (version !== undefined && /^\d+\.\d/.test(version)) return version
  }
  return undefined
}

function firstWord(text: string): string | undefined {
  return /^[\w.+~-]+/.exec(text)?.[0]
}
