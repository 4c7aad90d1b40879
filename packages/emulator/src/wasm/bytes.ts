/** A growing byte buffer with WebAssembly's variable-length integers (core specification, section 5.2). */
export class Bytes {
  #data: Uint8Array = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(byte: number): this {
    if (this.#length === this.#data.length) this.#grow(1)
    this.#data[this.#length++] = byte
    return this
  }

  bytes(source: Bytes | Uint8Array): this {
    const data = source instanceof Bytes ? source.view() : source
    if (this.#length + data.length > this.#data.length) this.#grow(data.length)
    this.#data.set(data, this.#length)
    this.#length += data.length
    return this
  }

  /** Unsigned LEB128 of an integer below 2^32. */
  u32(value: number): this {
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    return this.u8(rest)
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(value: number): this {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.u8(low)
      this.u8(low | 0x80)
    }
  }

  /** Signed LEB128 of a 64-bit integer. */
  s64(value: bigint): this {
    let rest = BigInt.asIntN(64, value)
    if (rest === BigInt(Number(rest) | 0)) return this.s32(Number(rest))
    for (;;) {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.u8(low)
      this.u8(low | 0x80)
    }
  }

  /** A vector's length and its bytes. */
  sized(source: Bytes | Uint8Array): this {
    return this.u32(source.length).bytes(source)
  }

  /** A name: ASCII only, which is all the engine uses. */
  name(text: string): this {
    this.u32(text.length)
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i))
    return this
  }

  /** The bytes written so far, not copied. */
  view(): Uint8Array {
    return this.#data.subarray(0, this.#length)
  }

  #grow(extra: number): void {
    const grown = new Uint8Array(Math.max(this.#data.length * 2, this.#length + extra))
    grown.set(this.view())
    this.#data = grown
  }
}
