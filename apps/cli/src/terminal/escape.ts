const prefix = 0x01 // Ctrl-A
const leave = [0x78, 0x58] // x, X

/** What a piece of typing means: bytes for the guest, and whether the user wants out. */
export interface Typed {
  readonly bytes: Uint8Array
  readonly leave: boolean
}

/**
 * Watches what is typed for the way out: Ctrl-A X leaves, Ctrl-A Ctrl-A is one Ctrl-A, and Ctrl-A with anything else is
 * what was typed. A Ctrl-A at the end of a piece waits for the next one.
 */
export class EscapeWatcher {
  #pending = false

  push(piece: Uint8Array): Typed {
    const bytes: number[] = []
    for (const byte of piece) {
      if (!this.#pending) {
        if (byte === prefix) this.#pending = true
        else bytes.push(byte)
        continue
      }
      this.#pending = false
      if (leave.includes(byte)) return { bytes: Uint8Array.from(bytes), leave: true }
      if (byte !== prefix) bytes.push(prefix)
      bytes.push(byte)
    }
    return { bytes: Uint8Array.from(bytes), leave: false }
  }
}
