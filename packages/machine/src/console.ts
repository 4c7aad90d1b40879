/**
 * What a serial port or another console is connected to. Output may come a byte at a time: gather it, as
 * {@link ConsolePipe} does. Input waits on this side until the device takes it, so a guest that does not read costs no
 * memory here beyond what was put in.
 */
export interface ConsoleBackend {
  /** Output of the guest. The array is the backend's to keep. */
  write(bytes: Uint8Array): void
  /** Takes at most `limit` bytes of input that wait; an empty array if there are none. */
  read(limit: number): Uint8Array
  /** Calls `listener` whenever input has arrived; the result ends that. The machine's loop and the device both listen. */
  onReadable(listener: () => void): () => void
}

export interface ConsolePipeOptions {
  /** Receives the guest's output in pieces. */
  readonly output: (bytes: Uint8Array) => void
  /** Bytes of waiting input at which `push` asks the host to pause; 65536 unless given. */
  readonly highWater?: number
  /** Called when the guest has taken so much input that `push` would accept more. */
  readonly onDrain?: () => void
}

const outputPiece = 4096

/** A {@link ConsoleBackend} between a guest and a host's streams: gathers output, queues input and tells when to pause. */
export class ConsolePipe implements ConsoleBackend {
  readonly #options: ConsolePipeOptions
  readonly #highWater: number
  readonly #listeners = new Set<() => void>()
  /** Pieces of input; those before `#first` are taken. */
  #input: Uint8Array[] = []
  #first = 0
  #pending = 0
  #paused = false
  #gathered = new Uint8Array(outputPiece)
  #length = 0

  constructor(options: ConsolePipeOptions) {
    this.#options = options
    this.#highWater = options.highWater ?? 0x1_0000
  }

  /** Bytes of input that wait. */
  get pending(): number {
    return this.#pending
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      // The gathered piece goes out once the current turn of the event loop ends, or when it is full.
      if (this.#length === 0) void Promise.resolve().then(() => { this.flush() })
      this.#gathered[this.#length++] = byte
      if (this.#length === outputPiece) this.flush()
    }
  }

  /** Hands over what output was gathered so far. */
  flush(): void {
    if (this.#length === 0) return
    const piece = this.#gathered.slice(0, this.#length)
    this.#length = 0
    this.#options.output(piece)
  }

  /** Queues input for the guest. All of it is kept; `false` asks to send no more until `onDrain`. */
  push(bytes: Uint8Array): boolean {
    if (bytes.length > 0) {
      this.#input.push(new Uint8Array(bytes))
      this.#pending += bytes.length
      for (const listener of [...this.#listeners]) listener()
    }
    this.#paused = this.#pending >= this.#highWater
    return !this.#paused
  }

  read(limit: number): Uint8Array {
    const first = this.#input[this.#first]
    if (first === undefined || limit <= 0) return new Uint8Array(0)
    const taken = first.subarray(0, limit)
    if (taken.length < first.length) this.#input[this.#first] = first.subarray(taken.length)
    else if (++this.#first >= 1024 || this.#first === this.#input.length) {
      this.#input = this.#input.slice(this.#first)
      this.#first = 0
    }
    this.#pending -= taken.length
    if (this.#paused && this.#pending < this.#highWater) {
      this.#paused = false
      this.#options.onDrain?.()
    }
    return taken
  }

  onReadable(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}

/** A {@link ConsoleBackend} that keeps all output in memory. */
export class MemoryConsole extends ConsolePipe {
  readonly #output: Uint8Array[]

  constructor() {
    const output: Uint8Array[] = []
    super({ output: (bytes) => { output.push(bytes) } })
    this.#output = output
  }

  /** All output so far. */
  get output(): Uint8Array {
    this.flush()
    const all = new Uint8Array(this.#output.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of this.#output) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }

  /** All output so far, each byte as one character. */
  get text(): string {
    let text = ''
    for (const byte of this.output) text += String.fromCharCode(byte)
    return text
  }

  /** Queues input, each character as one byte. */
  type(text: string): void {
    this.push(Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff))
  }
}
