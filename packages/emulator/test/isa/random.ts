/** Repeatable random numbers (xorshift, Marsaglia 2003): the same seed gives the same numbers. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** 32 random bits, unsigned. */
  bits32(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    // The plain sequence never yields 0 and is linear in its bits; a multiplication hides both.
    return Math.imul(this.#state, 0x9e37_79b1) >>> 0
  }

  bits64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.bits32()) << 32n) | BigInt(this.bits32()))
  }

  below(limit: number): number {
    return Math.floor((this.bits32() / 2 ** 32) * limit)
  }
}
