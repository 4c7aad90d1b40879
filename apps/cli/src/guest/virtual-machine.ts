import { randomBytes } from 'node:crypto'
import { VirtBoard } from '@strata/emulator'
import { ConsolePipe, HostClock } from '@strata/machine'
import { nodeHost } from './node-host.ts'
import { sbiFor } from './sbi.ts'
import type { StopReason } from '@strata/machine'
import type { BootImage } from './boot-image.ts'
import type { SerialLine } from './serial-line.ts'

/** Ticks a second of the guest's clock. */
const frequency = 10_000_000

export interface VirtualMachineOptions {
  /** Bytes of RAM. */
  readonly memory: number
  readonly cpus: number
  readonly engine: 'interpreter' | 'translator'
}

/** One of the board's serial ports, seen from outside. */
export class PipeLine implements SerialLine {
  readonly pipe: ConsolePipe
  #listener: (bytes: Uint8Array) => void = () => undefined

  /** `before` is called before output is handed over. */
  constructor(before: () => void = () => undefined) {
    this.pipe = new ConsolePipe({
      output: (bytes) => {
        before()
        this.#listener(bytes)
      },
    })
  }

  send(bytes: Uint8Array): void {
    this.pipe.push(bytes)
  }

  listen(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener
  }
}

/** A board with a clock and an operating system that runs in this process, between other events. */
export class VirtualMachine {
  /** Console, control, data, errors. */
  readonly lines: readonly [PipeLine, PipeLine, PipeLine, PipeLine]
  /** Why the machine ended. Rejects only if Strata itself failed. */
  readonly ended: Promise<StopReason>
  readonly #board: VirtBoard
  readonly #abort = new AbortController()
  #congested: () => boolean = () => false
  #waiting: (() => void) | undefined

  static create(image: BootImage, options: VirtualMachineOptions): VirtualMachine {
    const console = new PipeLine()
    const data = new PipeLine()
    const errors = new PipeLine()
    // What a command printed goes out before the report that it has ended.
    const control = new PipeLine(() => {
      data.pipe.flush()
      errors.pipe.flush()
    })
    const lines = [console, control, data, errors] as const
    const board = VirtBoard.create({
      ram: options.memory,
      cpus: options.cpus,
      engine: options.engine,
      clock: new HostClock({ frequency, now: () => performance.now() }),
      wallClock: () => BigInt(Date.now()) * 1_000_000n,
      serial: lines.map(({ pipe }) => pipe),
      ...(image.firmware === undefined ? { environment: (made: VirtBoard) => sbiFor(made, console.pipe) } : {}),
    })
    board.load({
      kernel: image.kernel,
      bootArguments: image.bootArguments,
      seed: randomBytes(64),
      ...(image.initramfs === undefined ? {} : { initramfs: image.initramfs }),
      ...(image.firmware === undefined ? {} : { firmware: image.firmware }),
    })
    return new VirtualMachine(board, lines)
  }

  private constructor(board: VirtBoard, lines: VirtualMachine['lines']) {
    this.#board = board
    this.lines = lines
    this.ended = board.machine.run({ host: nodeHost(() => this.#room()), signal: this.#abort.signal }).finally(() => {
      for (const line of lines) line.pipe.flush()
    })
    this.ended.catch(() => undefined)
  }

  /** Instructions retired by all CPUs. */
  get instructions(): number {
    return this.#board.machine.retired
  }

  /** Sets what says whether output is read too slowly; the machine then stands still until `proceed`. */
  holdWhile(congested: () => boolean): void {
    this.#congested = congested
  }

  proceed(): void {
    if (!this.#congested()) this.#waiting?.()
  }

  /** Ends it at once, as if the plug was pulled. */
  stop(): void {
    this.#abort.abort()
    this.#waiting?.()
  }

  async #room(): Promise<void> {
    while (this.#congested() && !this.#abort.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }
}
