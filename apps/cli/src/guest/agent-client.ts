import { StrataError } from '../errors.ts'
import { Command } from './command.ts'
import { ControlLine } from './control-line.ts'
import { commandScript } from './script.ts'
import type { CommandOptions } from './command.ts'
import type { Report } from './control-line.ts'
import type { SerialLine } from './serial-line.ts'

const protocolVersion = 1

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

interface Waiting {
  readonly settle: (status: number) => void
  readonly fail: (reason: unknown) => void
}

/** The host's side of the agent: starts commands in the guest, one after another, and the interactive shell. */
export class AgentClient {
  /** Resolves once the guest takes commands. */
  readonly ready: Promise<void>
  readonly #control: SerialLine
  readonly #data: SerialLine
  readonly #onRoom: () => void
  readonly #reader = new ControlLine()
  readonly #becomeReady: Waiting
  #failure: { readonly reason: unknown } | undefined
  #lastId = 0
  #current: Command | undefined
  #turn: Promise<unknown> = Promise.resolve()
  readonly #shells = new Map<number, Waiting>()

  /** `onRoom` is called when whoever reads a command's output has caught up. */
  constructor(control: SerialLine, data: SerialLine, errors: SerialLine, onRoom: () => void = () => undefined) {
    this.#onRoom = onRoom
    this.#control = control
    this.#data = data
    let becomeReady: Waiting | undefined
    this.ready = new Promise<void>((resolve, reject) => {
      becomeReady = { settle: () => resolve(), fail: reject }
    })
    this.ready.catch(() => undefined)
    this.#becomeReady = becomeReady!
    control.listen((bytes) => {
      for (const report of this.#reader.push(bytes)) this.#take(report)
    })
    data.listen((bytes) => this.#current?.output(bytes))
    errors.listen((bytes) => this.#current?.errors(bytes))
  }

  /**
   * Runs a command; commands of the same guest wait for each other. Rejects like `Command` does, and with `ERR_OPTION`
   * if the command cannot be said.
   */
  async run(words: readonly string[], options: CommandOptions = {}): Promise<Command> {
    const script = Buffer.from(commandScript(words, options))
    options.signal?.throwIfAborted()
    const id = ++this.#lastId
    const before = this.#turn
    const command = new Command(id, options, {
      kill: (group, signal) => this.#say(`kill ${group} ${signal}`),
      piece: (bytes) => {
        this.#data.send(Buffer.from(`${bytes.length}\n`))
        if (bytes.length > 0) this.#data.send(bytes)
      },
      room: () => this.#onRoom(),
      stuck: () => this.fail(new StrataError('ERR_GUEST_GONE', 'the guest did not end a command that was killed: start a new guest')),
    })
    this.#turn = command.finished.catch(() => undefined)
    await before
    await this.ready
    if (this.#failure !== undefined) command.fail(this.#failure.reason)
    else if (options.signal?.aborted === true) command.fail(options.signal.reason)
    else {
      this.#current = command
      this.#say(`run ${id} ${script.length} ${options.stdin === undefined ? 0 : 1}`, script)
    }
    return command
  }

  /** Runs an interactive shell on the console, with job control. Resolves with its status when it is left. */
  async shell(options: { readonly size?: TerminalSize; readonly term?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<number> {
    await this.ready
    if (this.#failure !== undefined) throw this.#failure.reason
    const { rows = 0, columns = 0 } = options.size ?? {}
    const env = { TERM: options.term ?? 'vt100', PS1: String.raw`\w \$ `, ...options.env }
    const script = Buffer.from(commandScript(['sh', '-i'], { env }))
    const id = ++this.#lastId
    return new Promise<number>((settle, fail) => {
      this.#shells.set(id, { settle, fail })
      this.#say(`shell ${id} ${script.length} ${rows} ${columns}`, script)
    })
  }

  /** Whether output arrives faster than it is read: the guest should wait. */
  get congested(): boolean {
    return this.#current?.congested ?? false
  }

  /** Asks the guest to power itself off. */
  powerOff(): void {
    this.#say('off')
  }

  /** The guest is gone: whoever waits for it hears `reason`. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { reason }
    this.#becomeReady.fail(reason)
    this.#current?.fail(reason)
    for (const shell of this.#shells.values()) shell.fail(reason)
    this.#shells.clear()
  }

  #say(line: string, script?: Uint8Array): void {
    this.#control.send(Buffer.from(`${line}\n`))
    if (script !== undefined) this.#control.send(script)
  }

  #take(report: Report): void {
    if (report.kind === 'ready') {
      if (report.version === protocolVersion) this.#becomeReady.settle(0)
      else this.fail(new StrataError('ERR_GUEST_PROTOCOL', `the guest's agent speaks version ${report.version}, not ${protocolVersion}: build the image with this release`))
      return
    }
    const command = this.#current
    const shell = this.#shells.get(report.id)
    if (shell !== undefined && report.kind === 'exit') {
      this.#shells.delete(report.id)
      shell.settle(report.status)
    }
    if (command?.id !== report.id) return
    switch (report.kind) {
      case 'started':
        command.started(report.group)
        break
      case 'want':
        command.want()
        break
      case 'ended':
        command.ended()
        break
      case 'exit':
        this.#current = undefined
        command.exited(report.status)
    }
  }
}

