import { CommandInputReader } from './command-input.ts'
import { OutputStream } from './output-stream.ts'
import type { CommandInput } from './command-input.ts'
import type { CommandSurroundings } from './script.ts'

export interface CommandOptions extends CommandSurroundings {
  /** What it reads; nothing unless given. */
  readonly stdin?: CommandInput
  /** Kills the command; what waits for it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Signals by their POSIX names. */
export type SignalName = 'HUP' | 'INT' | 'QUIT' | 'KILL' | 'USR1' | 'USR2' | 'TERM'

/** What a command asks of the lines it runs over. */
export interface CommandPorts {
  kill(group: number, signal: SignalName): void
  /** Sends the piece of input that was asked for; an empty one ends the input. */
  piece(bytes: Uint8Array): void
  /** A reader of its output has caught up. */
  room(): void
  /** It was killed and did not end. */
  stuck(): void
}

interface Settle {
  readonly resolve: (status: number) => void
  readonly reject: (reason: unknown) => void
}

/** How long a command that was killed may take to end, in milliseconds, before it is given up. */
const patience = 5000

/** A command that runs in the guest. */
export class Command {
  readonly id: number
  /**
   * Its exit status, 128 + n if signal n ended it, once its output has arrived whole. Rejects if it was aborted, if its
   * input failed, or if the guest went away.
   */
  readonly finished: Promise<number>
  readonly #ports: CommandPorts
  readonly #input: CommandInputReader | undefined
  readonly #out: OutputStream
  readonly #err: OutputStream
  readonly #signal: AbortSignal | undefined
  readonly #abort = (): void => this.#stop(this.#signal?.reason)
  #settle: Settle | undefined
  #group: number | undefined
  readonly #early: SignalName[] = []
  #asked = false
  #over = false
  #stopped: { readonly reason: unknown } | undefined
  #patience: NodeJS.Timeout | undefined

  constructor(id: number, options: CommandOptions, ports: CommandPorts) {
    this.id = id
    this.#ports = ports
    this.#out = new OutputStream(() => ports.room())
    this.#err = new OutputStream(() => ports.room())
    this.#input = options.stdin === undefined ? undefined : new CommandInputReader(options.stdin)
    this.finished = new Promise<number>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.finished.catch(() => undefined)
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** Its standard output, byte for byte. Whoever does not read it makes the command wait. */
  get stdout(): ReadableStream<Uint8Array> {
    return this.#out.readable
  }

  /** Its standard error, likewise. */
  get stderr(): ReadableStream<Uint8Array> {
    return this.#err.readable
  }

  /** Whether a reader of its output has fallen behind. */
  get congested(): boolean {
    return this.#out.congested || this.#err.congested
  }

  /** Sends a signal to the command and all of its processes. */
  kill(signal: SignalName = 'TERM'): void {
    if (this.#over) return
    if (this.#group === undefined) this.#early.push(signal)
    else this.#ports.kill(this.#group, signal)
  }

  output(bytes: Uint8Array): void {
    this.#out.push(bytes)
  }

  errors(bytes: Uint8Array): void {
    this.#err.push(bytes)
  }

  started(group: number): void {
    this.#group = group
    for (const signal of this.#early.splice(0)) this.#ports.kill(group, signal)
  }

  want(): void {
    if (this.#over || this.#input === undefined || this.#stopped !== undefined) {
      this.#ports.piece(new Uint8Array())
      return
    }
    this.#asked = true
    this.#input.next().then(
      (bytes) => this.#answer(bytes),
      (reason: unknown) => {
        this.#stop(reason)
        this.#answer(new Uint8Array())
      },
    )
  }

  /** The command reads no more: a piece it still asked for is none. */
  ended(): void {
    this.#over = true
    this.#answer(new Uint8Array())
    this.#input?.cancel()
  }

  exited(status: number): void {
    this.#over = true
    if (this.#stopped !== undefined) this.fail(this.#stopped.reason)
    else this.#finish((settle) => {
      this.#out.end()
      this.#err.end()
      settle.resolve(status)
    })
  }

  /** Ends here, whatever happens in the guest. */
  fail(reason: unknown): void {
    this.#over = true
    this.#finish((settle) => {
      this.#out.fail(reason)
      this.#err.fail(reason)
      settle.reject(reason)
    })
  }

  #answer(bytes: Uint8Array): void {
    if (!this.#asked) return
    this.#asked = false
    this.#ports.piece(bytes)
  }

  #stop(reason: unknown): void {
    if (this.#stopped !== undefined || this.#settle === undefined) return
    this.#stopped = { reason }
    this.kill('KILL')
    this.#patience = setTimeout(() => {
      this.fail(reason)
      this.#ports.stuck()
    }, patience)
  }

  #finish(how: (settle: Settle) => void): void {
    const settle = this.#settle
    if (settle === undefined) return
    this.#settle = undefined
    clearTimeout(this.#patience)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#input?.cancel()
    how(settle)
  }
}
