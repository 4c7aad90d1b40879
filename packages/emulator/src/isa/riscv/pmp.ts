/**
 * Physical memory protection: 16 entries with a grain of 4 KiB (G = 10), so that a page is allowed or denied as a whole
 * (Privileged Architecture, "Physical Memory Protection").
 */
const entries = 16
const grainBits = 10n
const locked = 0x80
const mode = { off: 0, tor: 1, na4: 2, napot: 3 } as const
const modeOf = (config: number): number => (config >> 3) & 3
/** `pmpaddr` holds bits 55 to 2 of an address. */
const addressMask = (1n << 54n) - 1n

interface Range {
  /** Pages [first, end). */
  readonly first: number
  readonly end: number
  readonly config: number
}

export class Pmp {
  static readonly entries: number = entries
  /** Whether an entry can hold this configuration. */
  static isLegal(config: number): boolean {
    return (config & ~0x9f) === 0 && (config & 3) !== 2 && modeOf(config) !== mode.na4
  }

  readonly config: Uint8Array = new Uint8Array(entries)
  readonly address: BigUint64Array = new BigUint64Array(entries)
  #ranges: readonly Range[] = []

  /** Whether anything is to be checked: false only if everything is allowed to everyone. */
  active = true

  /** Reads eight configurations from `pmpcfg(2 * half)`. */
  readConfig(half: number): bigint {
    let value = 0n
    for (let i = 7; i >= 0; i--) value = (value << 8n) | BigInt(this.config[half * 8 + i] ?? 0)
    return value
  }

  /** Writes eight configurations; locked ones, and reserved combinations, stay as they are. */
  writeConfig(half: number, value: bigint): void {
    for (let i = 0; i < 8; i++) {
      const index = half * 8 + i
      const byte = Number((value >> BigInt(8 * i)) & 0xffn) & 0x9f
      if (((this.config[index] ?? 0) & locked) !== 0 || (byte & 3) === 2) continue
      // NA4 cannot be selected with a grain above 4 bytes.
      const selected = modeOf(byte) === mode.na4 ? (byte & ~0x18) | ((this.config[index] ?? 0) & 0x18) : byte
      this.config[index] = selected
    }
    this.#update()
  }

  /** With a coarse grain, bits below it read as ones in NAPOT mode and as zeros otherwise. */
  readAddress(index: number): bigint {
    const value = this.address[index] ?? 0n
    const napot = modeOf(this.config[index] ?? 0) >= mode.na4
    return napot ? value | ((1n << (grainBits - 1n)) - 1n) : value & ~((1n << grainBits) - 1n)
  }

  writeAddress(index: number, value: bigint): void {
    const next = this.config[index + 1] ?? 0
    const heldByNext = (next & locked) !== 0 && modeOf(next) === mode.tor
    if (((this.config[index] ?? 0) & locked) !== 0 || heldByNext) return
    this.address[index] = value & addressMask
    this.#update()
  }

  /** Lets S and U reach everything, as firmware does before it starts a kernel. */
  allowAll(): void {
    this.address[0] = addressMask
    this.config[0] = 0x1f
    this.#update()
  }

  reset(): void {
    this.config.fill(0)
    this.address.fill(0n)
    this.#update()
  }

  /** Whether an access to a page is refused: kind 0 to read, 1 to write, 2 to execute. */
  denies(page: number, kind: number, privilege: number): boolean {
    for (const { first, end, config } of this.#ranges) {
      if (page < first || page >= end) continue
      if (privilege === 3 && (config & locked) === 0) return false
      return (config & (1 << kind)) === 0
    }
    return privilege !== 3
  }

  /** After `config` and `address` were set directly: recomputes what follows from them. */
  refresh(): void {
    this.#update()
  }

  #update(): void {
    const ranges: Range[] = []
    for (let i = 0; i < entries; i++) {
      const config = this.config[i] ?? 0
      const address = this.address[i] ?? 0n
      if (modeOf(config) === mode.tor) {
        const first = i === 0 ? 0 : Number((this.address[i - 1] ?? 0n) >> grainBits)
        ranges.push({ first, end: Number(address >> grainBits), config })
      } else if (modeOf(config) === mode.napot) {
        const filled = address | ((1n << (grainBits - 1n)) - 1n)
        const ones = ~filled & (filled + 1n)
        const first = (filled & ~(ones - 1n)) >> grainBits
        ranges.push({ first: Number(first), end: Number(first + (ones * 2n >> grainBits)), config })
      }
    }
    this.#ranges = ranges
    const only = ranges[0]
    const everything = only?.first === 0 && only.end >= 2 ** 44 && (only.config & 0x87) === 7
    this.active = !everything
  }
}
