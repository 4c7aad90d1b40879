/** What a command can read: bytes, text (as UTF-8), or a stream of bytes. */
export type CommandInput = Uint8Array | string | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** The longest piece of input that is sent at once. */
const longestPiece = 32 * 1024

interface Source {
  next(): Promise<Uint8Array | undefined>
  cancel(): void
}

const sourceOf = (input: CommandInput): Source => {
  if (typeof input === 'string' || input instanceof Uint8Array) {
    let rest: Uint8Array | undefined = typeof input === 'string' ? Buffer.from(input) : input
    return {
      next: () => {
        const all = rest
        rest = undefined
        return Promise.resolve(all)
      },
      cancel: () => { rest = undefined },
    }
  }
  if ('getReader' in input) {
    const reader = input.getReader()
    return {
      next: async () => (await reader.read()).value,
      cancel: () => { reader.cancel().catch(() => undefined) },
    }
  }
  const iterator = input[Symbol.asyncIterator]()
  return {
    next: async () => {
      const result: IteratorResult<Uint8Array, unknown> = await iterator.next()
      return result.done === true ? undefined : result.value
    },
    cancel: () => { void Promise.resolve(iterator.return?.()).catch(() => undefined) },
  }
}

/** Cuts an input into pieces; an empty one is its end. */
export class CommandInputReader {
  readonly #source: Source
  #rest: Uint8Array = new Uint8Array()
  #over = false

  constructor(input: CommandInput) {
    this.#source = sourceOf(input)
  }

  /** The next piece. Rejects with what the stream failed with. One call at a time. */
  async next(): Promise<Uint8Array> {
    while (this.#rest.length === 0 && !this.#over) {
      const bytes = await this.#source.next()
      if (bytes === undefined) this.#over = true
      else this.#rest = bytes
    }
    const piece = this.#rest.subarray(0, longestPiece)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  /** Nobody reads on. */
  cancel(): void {
    this.#over = true
    this.#rest = new Uint8Array()
    this.#source.cancel()
  }
}
