/** A 64-bit little-endian ELF file with nothing but sections, as far as reading a kernel module's facts goes. */
export function elfOf(sections: Readonly<Record<string, string>>): Buffer {
  const all = { '': '', '.shstrtab': '', ...sections }
  const names = Buffer.from(`${Object.keys(all).join('\0')}\0`, 'latin1')
  const bodies = Object.entries(all).map(([name, text]) => (name === '.shstrtab' ? names : Buffer.from(text, 'latin1')))
  const header = Buffer.alloc(64)
  header.writeUInt32BE(0x7f454c46)
  header.set([2, 1, 1], 4)
  const table = 64 + bodies.reduce((sum, body) => sum + body.length, 0)
  header.writeBigUInt64LE(BigInt(table), 0x28)
  header.writeUInt16LE(64, 0x3a)
  header.writeUInt16LE(bodies.length, 0x3c)
  header.writeUInt16LE(1, 0x3e)
  let offset = 64
  const headers = bodies.map((body, index) => {
    const entry = Buffer.alloc(64)
    entry.writeUInt32LE(names.indexOf(`${Object.keys(all)[index] ?? ''}\0`), 0)
    entry.writeUInt32LE(1, 4)
    entry.writeBigUInt64LE(BigInt(offset), 0x18)
    entry.writeBigUInt64LE(BigInt(body.length), 0x20)
    offset += body.length
    return entry
  })
  return Buffer.concat([header, ...bodies, ...headers])
}
