/** CRC-32 as in ISO 3309 and gzip, four bytes at a step. */
const polynomial = 0xedb8_8320
const tables = Array.from({ length: 4 }, () => new Uint32Array(256))
const [first, second, third, fourth] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
  first[byte] = value
}
for (let byte = 0; byte < 256; byte++) {
  let value = first[byte] ?? 0
  for (const table of [second, third, fourth]) {
    value = (value >>> 8) ^ first[value & 0xff]!
    table[byte] = value
  }
}

/** The checksum of `bytes`, or of what came before, whose checksum is `seed`, followed by `bytes`. */
export const crc32 = (bytes: Uint8Array, seed: number = 0): number => {
  let crc = ~seed
  let at = 0
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc = fourth[crc & 0xff]! ^ third[(crc >>> 8) & 0xff]! ^ second[(crc >>> 16) & 0xff]! ^ first[crc >>> 24]!
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ first[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
