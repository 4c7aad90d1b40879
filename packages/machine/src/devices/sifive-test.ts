import { StateReader } from '../state-reader.ts'
import type { DeviceWidth, MmioDevice } from '../bus.ts'
import type { DeviceTreeNode } from '../device-tree/node.ts'
import type { SavedState, Stateful } from '../state.ts'

const command = { fail: 0x3333, pass: 0x5555, reset: 0x7777 } as const

/** What the guest asked for; `code` is its exit code, 0 to 65535 and 0 for success. */
export interface GuestStop {
  readonly kind: 'poweroff' | 'reset' | 'fail'
  readonly code: number
}

export interface SifiveTestOptions {
  readonly onStop: (stop: GuestStop) => void
}

/** The SiFive test finisher: a guest writes here to power off, to fail with a code, or to reset. */
export class SifiveTest implements MmioDevice, Stateful {
  /** Bytes the device takes on a bus. */
  readonly size = 0x1000
  readonly #onStop: (stop: GuestStop) => void

  constructor(options: SifiveTestOptions) {
    this.#onStop = options.onStop
  }

  read(): number {
    return 0
  }

  write(offset: number, width: DeviceWidth, value: number): void {
    if (offset !== 0 || width === 1) return
    const code = (value >>> 16) & 0xffff
    switch (value & 0xffff) {
      case command.pass:
        this.#onStop({ kind: 'poweroff', code })
        break
      case command.reset:
        this.#onStop({ kind: 'reset', code })
        break
      case command.fail:
        this.#onStop({ kind: 'fail', code })
        break
      default:
        break
    }
  }

  /** Adds `test@…` to a bus node, and the generic `poweroff` and `reboot` nodes that point at it. */
  describe(parent: DeviceTreeNode, at: { readonly address: number }): DeviceTreeNode {
    const node = parent.child(`test@${at.address.toString(16)}`).string('compatible', 'sifive,test1', 'sifive,test0', 'syscon').reg([at.address, this.size])
    parent.child('poweroff').string('compatible', 'syscon-poweroff').cells('regmap', node).cells('offset', 0).cells('value', command.pass)
    parent.child('reboot').string('compatible', 'syscon-reboot').cells('regmap', node).cells('offset', 0).cells('value', command.reset)
    return node
  }

  /** There is nothing to keep but the version. */
  save(): SavedState {
    return { version: 1 }
  }

  restore(state: SavedState): void {
    new StateReader('sifive-test', state, 1)
  }
}
