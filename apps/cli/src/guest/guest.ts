import { StrataError } from '../errors.ts'
import { AgentClient } from './agent-client.ts'
import { collect } from './command-result.ts'
import { ConsoleStream } from './console-stream.ts'
import type { StopReason } from '@strata/machine'
import type { TerminalSize } from './agent-client.ts'
import type { Command, CommandOptions } from './command.ts'
import type { CommandResult, ExecOptions } from './command-result.ts'
import type { VirtualMachine } from './virtual-machine.ts'

/** How a guest came to its end. */
export type GuestEnd =
  | { readonly kind: 'poweroff' | 'reset' }
  | { readonly kind: 'failure'; readonly code: number }
  | { readonly kind: 'fault'; readonly reason: string }
  /** It was stopped from outside. */
  | { readonly kind: 'stopped' }

const endOf = (reason: StopReason): GuestEnd => {
  switch (reason.kind) {
    case 'poweroff':
      return reason.code === 0 ? { kind: 'poweroff' } : { kind: 'failure', code: reason.code }
    case 'reset':
      return { kind: 'reset' }
    case 'fail':
      return { kind: 'failure', code: reason.code }
    case 'fault':
      return { kind: 'fault', reason: `${reason.reason} at pc 0x${reason.pc.toString(16)}` }
    case 'abort':
    case 'limit':
      return { kind: 'stopped' }
  }
}

const described = (end: GuestEnd): string => {
  switch (end.kind) {
    case 'poweroff':
      return 'it powered off'
    case 'reset':
      return 'it asked for a reset, as a kernel does that panics'
    case 'failure':
      return `it reported failure ${end.code}`
    case 'fault':
      return `its CPU can make no progress: ${end.reason}`
    case 'stopped':
      return 'it was stopped'
  }
}

/** How long a guest may take to power itself off, in milliseconds. */
const patience = 5000

/** A running guest. Dispose of it (`await using`) or call `stop` when it is no longer needed. */
export class Guest implements AsyncDisposable {
  /** The console: kernel messages, and whatever else the guest prints there. */
  readonly console: ConsoleStream
  /** How the guest ended, once it has. */
  readonly ended: Promise<GuestEnd>
  readonly #machine: VirtualMachine
  readonly #agent: AgentClient | undefined

  /** Use `start`. */
  constructor(machine: VirtualMachine, agent: boolean) {
    this.#machine = machine
    const [console, control, data, errors] = machine.lines
    this.console = new ConsoleStream(console, () => machine.proceed())
    this.#agent = agent ? new AgentClient(control, data, errors, () => machine.proceed()) : undefined
    machine.holdWhile(() => this.console.congested || (this.#agent?.congested ?? false))
    this.ended = machine.ended.then(endOf)
    this.ended.then(
      (end) => {
        this.console.end()
        this.#agent?.fail(this.#gone(end))
      },
      (error: unknown) => {
        this.console.end()
        this.#agent?.fail(error)
      },
    )
  }

  /** Resolves when the guest takes commands; at once if it never will. Rejects with `ERR_GUEST_BOOT` if it ends before. */
  get ready(): Promise<void> {
    return this.#agent?.ready.catch((error: unknown) => {
      if (!(error instanceof StrataError) || error.code !== 'ERR_GUEST_GONE') throw error
      throw new StrataError('ERR_GUEST_BOOT', error.message.replace('the guest is gone', 'the guest did not come up'), { cause: error })
    }) ?? Promise.resolve()
  }

  /** Instructions that its CPUs have retired. */
  get instructions(): number {
    return this.#machine.instructions
  }

  /** Whether it runs commands: not a guest with an initramfs of its own. */
  get takesCommands(): boolean {
    return this.#agent !== undefined
  }

  /** Runs a command and gathers what it prints. Rejects with `ERR_OUTPUT_LIMIT`, `ERR_OPTION`, `ERR_GUEST_GONE`, or the signal's reason. */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<CommandResult> {
    return collect((signal) => this.spawn(command, { ...options, signal }), options)
  }

  /** Starts a command; its output comes as streams. Commands of a guest run one after another. */
  async spawn(command: readonly string[], options: CommandOptions = {}): Promise<Command> {
    return this.#agentOrThrow().run(command, options)
  }

  /** Runs an interactive shell on the console; resolves with its exit status. */
  async shell(options: { readonly size?: TerminalSize; readonly term?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<number> {
    return this.#agentOrThrow().shell(options)
  }

  /** Asks the guest to power off, and pulls the plug if it has not within 5 s. */
  async powerOff(): Promise<GuestEnd> {
    if (this.#agent === undefined) return this.stop()
    this.#agent.powerOff()
    const timer = setTimeout(() => this.#machine.stop(), patience)
    try {
      return await this.ended
    } finally {
      clearTimeout(timer)
    }
  }

  /** Pulls the plug. Commands that run reject with `ERR_GUEST_GONE`. */
  async stop(): Promise<GuestEnd> {
    this.#machine.stop()
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #agentOrThrow(): AgentClient {
    if (this.#agent === undefined) {
      throw new StrataError('ERR_OPTION', 'this guest has an initramfs of its own and takes no commands: use its console, or the image debian')
    }
    return this.#agent
  }

  #gone(end: GuestEnd): StrataError {
    const words = this.console.lastLine
    return new StrataError('ERR_GUEST_GONE', `the guest is gone: ${described(end)}${words === '' ? '' : `; its last words were "${words}"`}`)
  }
}
