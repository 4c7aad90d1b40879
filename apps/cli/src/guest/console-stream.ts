import { OutputStream } from './output-stream.ts'
import type { SerialLine } from './serial-line.ts'

/** Characters of the console that are kept for messages about a guest that failed. */
const kept = 4096

/** The guest's console as web streams. Nothing is lost before the first reader comes, but for all except the last megabyte. */
export class ConsoleStream {
  /** What is typed. */
  readonly writable: WritableStream<Uint8Array>
  readonly #line: SerialLine
  readonly #output: OutputStream
  #claimed = false
  #held: Uint8Array[] = []
  #heldBytes = 0
  #tail = ''

  constructor(line: SerialLine, onRoom: () => void) {
    this.#line = line
    this.#output = new OutputStream(onRoom)
    this.writable = new WritableStream({ write: (bytes) => line.send(bytes) })
    line.listen((bytes) => this.#take(bytes))
  }

  /** What the guest prints. Once somebody has taken it, the guest waits for them to read. */
  get readable(): ReadableStream<Uint8Array> {
    if (!this.#claimed) {
      this.#claimed = true
      for (const bytes of this.#held.splice(0)) this.#output.push(bytes)
    }
    return this.#output.readable
  }

  /** Types bytes. */
  send(bytes: Uint8Array): void {
    this.#line.send(bytes)
  }

  get congested(): boolean {
    return this.#claimed && this.#output.congested
  }

  /** The last line that has anything in it, for messages. */
  get lastLine(): string {
    const printable = this.#tail.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replace(/[^\x20-\x7e\n]/g, '')
    return printable.split('\n').findLast((line) => line.trim() !== '')?.trim().slice(-200) ?? ''
  }

  end(): void {
    this.#output.end()
  }

  #take(bytes: Uint8Array): void {
    this.#tail = (this.#tail + Buffer.from(bytes).toString('latin1')).slice(-kept)
    if (this.#claimed) {
      this.#output.push(bytes)
      return
    }
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    while (this.#heldBytes > 2 ** 20) this.#heldBytes -= this.#held.shift()?.length ?? 0
  }
}
