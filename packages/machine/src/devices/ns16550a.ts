import { StateReader } from '../state-reader.ts'
import type { DeviceWidth, MmioDevice } from '../bus.ts'
import type { ConsoleBackend } from '../console.ts'
import type { DeviceTreeNode } from '../device-tree/node.ts'
import type { IrqLine } from '../irq.ts'
import type { SavedState, Stateful } from '../state.ts'

const fifoDepth = 16
const triggerLevels = [1, 4, 8, 14] as const

const ier = { received: 1, transmitted: 2, lineStatus: 4, modemStatus: 8, all: 15 } as const
const iir = { none: 1, modemStatus: 0, transmitted: 2, received: 4, lineStatus: 6, timeout: 12, fifos: 0xc0 } as const
const lsr = { ready: 1, overrun: 2, empty: 0x60 } as const
const divisorLatch = 0x80
const mcr = { requestToSend: 2, loop: 0x10, all: 0x1f } as const
/** Clear to send, data set ready, carrier: somebody is always at the other end. */
const connected = 0xb0

export interface Ns16550aOptions {
  readonly irq: IrqLine
  readonly console: ConsoleBackend
}

/**
 * The National Semiconductor PC16550D UART (data sheet, section 8). Characters leave at once; the baud rate is kept
 * but means nothing. Input is taken from the backend only as the receiver has room, and not while the guest holds
 * RTS low after having raised it. What the real part reports as a character timeout is due as soon as fewer
 * characters wait than the trigger level.
 */
export class Ns16550a implements MmioDevice, Stateful {
  /** Bytes the device takes on a bus. */
  readonly size = 0x100
  readonly #irq: IrqLine
  readonly #console: ConsoleBackend
  readonly #leave: () => void
  #ier = 0
  #fifos = false
  #trigger = 0
  #lcr = 0
  #mcr = 0
  #modemDelta = 0
  #scratch = 0
  #divisor = 1
  #overrun = false
  #transmitPending = false
  /** RTS was high once: from now on it rules the flow of input. */
  #flowControl = false
  #received: number[] = []

  constructor(options: Ns16550aOptions) {
    this.#irq = options.irq
    this.#console = options.console
    this.#leave = this.#console.onReadable(() => { this.#receive() })
    this.#receive()
  }

  /** Takes no more input of itself. Call it before another machine uses the same backend, or both would read from it. */
  disconnect(): void {
    this.#leave()
  }

  read(offset: number): number {
    switch (offset) {
      case 0:
        return this.#lcr & divisorLatch ? this.#divisor & 0xff : this.#readCharacter()
      case 1:
        return this.#lcr & divisorLatch ? this.#divisor >> 8 : this.#ier
      case 2:
        return this.#identifyInterrupt()
      case 3:
        return this.#lcr
      case 4:
        return this.#mcr
      case 5: {
        const status = lsr.empty | (this.#received.length > 0 ? lsr.ready : 0) | (this.#overrun ? lsr.overrun : 0)
        this.#overrun = false
        this.#update()
        return status
      }
      case 6: {
        const status = this.#modemLines() | this.#modemDelta
        this.#modemDelta = 0
        this.#update()
        return status
      }
      case 7:
        return this.#scratch
      default:
        return 0
    }
  }

  write(offset: number, _width: DeviceWidth, wide: number): void {
    const value = wide & 0xff
    switch (offset) {
      case 0:
        if (this.#lcr & divisorLatch) this.#divisor = (this.#divisor & 0xff00) | value
        else this.#transmit(value)
        break
      case 1:
        if (this.#lcr & divisorLatch) this.#divisor = (this.#divisor & 0xff) | (value << 8)
        else this.#writeIer(value & ier.all)
        break
      case 2:
        this.#writeFcr(value)
        break
      case 3:
        this.#lcr = value
        break
      case 4:
        this.#writeMcr(value & mcr.all)
        break
      case 7:
        this.#scratch = value
        break
      default:
        // LSR and MSR are for reading; the rest of the range is empty.
        break
    }
  }

  /** Adds `serial@…` to a bus node. `clockFrequency` in Hz only matters to guests that compute a divisor. */
  describe(
    parent: DeviceTreeNode,
    at: { readonly address: number; readonly interruptParent: DeviceTreeNode; readonly interrupt: number; readonly clockFrequency?: number },
  ): DeviceTreeNode {
    return parent
      .child(`serial@${at.address.toString(16)}`)
      .string('compatible', 'ns16550a')
      .reg([at.address, this.size])
      .cells('clock-frequency', at.clockFrequency ?? 3_686_400)
      .cells('interrupt-parent', at.interruptParent)
      .cells('interrupts', at.interrupt)
  }

  save(): SavedState {
    return {
      version: 1,
      ier: this.#ier,
      fifos: this.#fifos,
      trigger: this.#trigger,
      lcr: this.#lcr,
      mcr: this.#mcr,
      modemDelta: this.#modemDelta,
      scratch: this.#scratch,
      divisor: this.#divisor,
      overrun: this.#overrun,
      transmitPending: this.#transmitPending,
      flowControl: this.#flowControl,
      received: Uint8Array.from(this.#received),
    }
  }

  restore(state: SavedState): void {
    const reader = new StateReader('ns16550a', state, 1)
    const byte = (key: string, maximum: number = 0xff): number => reader.integer(key, 0, maximum)
    const next = {
      ier: byte('ier', ier.all),
      fifos: reader.boolean('fifos'),
      trigger: byte('trigger', 3),
      lcr: byte('lcr'),
      mcr: byte('mcr', mcr.all),
      modemDelta: byte('modemDelta', 15),
      scratch: byte('scratch'),
      divisor: byte('divisor', 0xffff),
      overrun: reader.boolean('overrun'),
      transmitPending: reader.boolean('transmitPending'),
      flowControl: reader.boolean('flowControl'),
      received: [...reader.bytes('received', fifoDepth)],
    }
    this.#ier = next.ier
    this.#fifos = next.fifos
    this.#trigger = next.trigger
    this.#lcr = next.lcr
    this.#mcr = next.mcr
    this.#modemDelta = next.modemDelta
    this.#scratch = next.scratch
    this.#divisor = next.divisor
    this.#overrun = next.overrun
    this.#transmitPending = next.transmitPending
    this.#flowControl = next.flowControl
    this.#received = next.received
    this.#receive()
    this.#update()
  }

  #capacity(): number {
    return this.#fifos ? fifoDepth : 1
  }

  /** Takes input from the backend while there is room and the guest wants any. */
  #receive(): void {
    if (this.#mcr & mcr.loop || (this.#flowControl && !(this.#mcr & mcr.requestToSend))) return
    for (;;) {
      const room = this.#capacity() - this.#received.length
      if (room <= 0) break
      const bytes = this.#console.read(room)
      if (bytes.length === 0) break
      this.#received.push(...bytes)
    }
    this.#update()
  }

  #readCharacter(): number {
    const character = this.#received.shift() ?? 0
    this.#receive()
    this.#update()
    return character
  }

  #transmit(character: number): void {
    if (!(this.#mcr & mcr.loop)) this.#console.write(Uint8Array.of(character))
    else if (this.#received.length < this.#capacity()) this.#received.push(character)
    else {
      this.#overrun = true
      // A full FIFO keeps what it has; without one the new character takes the old one's place (8.6.3, bit 1).
      if (!this.#fifos) this.#received = [character]
    }
    this.#transmitPending = true
    this.#update()
  }

  #writeIer(value: number): void {
    // Enabling the interrupt while the transmitter is empty, as it always is here, raises it.
    if (value & ier.transmitted && !(this.#ier & ier.transmitted)) this.#transmitPending = true
    this.#ier = value
    this.#update()
  }

  #writeFcr(value: number): void {
    const fifos = (value & 1) !== 0
    if (fifos !== this.#fifos || value & 2) {
      this.#received = []
      this.#overrun = false
    }
    this.#fifos = fifos
    // The other bits count only together with bit 0 (8.6.4).
    this.#trigger = fifos ? value >> 6 : 0
    this.#receive()
    this.#update()
  }

  #writeMcr(value: number): void {
    const before = this.#modemLines()
    this.#mcr = value
    const after = this.#modemLines()
    const changed = before ^ after
    // CTS, DSR and carrier report any change, the ring indicator only its end.
    this.#modemDelta |= ((changed & connected) | (before & ~after & 0x40)) >> 4
    if (!(value & mcr.loop) && value & mcr.requestToSend) this.#flowControl = true
    this.#receive()
    this.#update()
  }

  /** The upper half of MSR: in loop mode the four outputs come back as inputs (8.6.7). */
  #modemLines(): number {
    if (!(this.#mcr & mcr.loop)) return connected
    const outputs = this.#mcr
    return ((outputs & 1) << 5) | ((outputs & 2) << 3) | ((outputs & 4) << 4) | ((outputs & 8) << 4)
  }

  /** The pending interrupt of the highest priority (8.6.5, table IV). */
  #pendingInterrupt(): number {
    if (this.#ier & ier.lineStatus && this.#overrun) return iir.lineStatus
    if (this.#ier & ier.received && this.#received.length > 0) {
      return !this.#fifos || this.#received.length >= (triggerLevels[this.#trigger] ?? 1) ? iir.received : iir.timeout
    }
    if (this.#ier & ier.transmitted && this.#transmitPending) return iir.transmitted
    if (this.#ier & ier.modemStatus && this.#modemDelta) return iir.modemStatus
    return iir.none
  }

  #identifyInterrupt(): number {
    const pending = this.#pendingInterrupt()
    if (pending === iir.transmitted) {
      this.#transmitPending = false
      this.#update()
    }
    return pending | (this.#fifos ? iir.fifos : 0)
  }

  #update(): void {
    this.#irq.set(this.#pendingInterrupt() !== iir.none)
  }
}
