import { VirtBoard } from '@strata/emulator'
import { MemoryConsole, VirtualClock } from '@strata/machine'
import { SbiServer } from '@strata/paravirt'
import type { VirtBoardOptions } from '@strata/emulator'
import type { Clock, MachineHost, Stateful } from '@strata/machine'

/** A board and the other end of its console. */
export interface DebianBoard {
  readonly board: VirtBoard
  readonly console: MemoryConsole
}

export interface DebianBoardOptions {
  readonly cpus?: number
  readonly ram?: number
  readonly engine?: VirtBoardOptions['engine']
  /** Virtual time unless given. */
  readonly clock?: Clock & Stateful
}

/** What Debian's kernel and an initramfs are, on whatever host. */
export interface DebianFiles {
  readonly kernel: Uint8Array
  readonly initramfs: Uint8Array
}

/** A board of which everything is given: nothing in it depends on the host, the hour or chance. Runs in a page too. */
export const debianBoard = (options: DebianBoardOptions = {}): DebianBoard => {
  const { cpus = 1, ram = 256 * 2 ** 20, engine = 'interpreter', clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 20 }) } = options
  const console = new MemoryConsole()
  const board = VirtBoard.create({
    ram,
    cpus,
    engine,
    clock,
    wallClock: () => 1_700_000_000_000_000_000n,
    serial: [console],
    environment: ({ memory, harts }) => {
      const server = new SbiServer({
        memory,
        clock,
        cpus: harts.map((hart) => ({
          id: hart.id,
          timer: hart.line('stip'),
          interrupt: () => hart.line('ssip').set(true),
          get status() {
            return hart.status
          },
          start: (pc, opaque) => hart.start(pc, opaque),
          stop: () => hart.stop(),
          fence: () => hart.fence(),
        })),
        reset: (type) => board.machine.stop({ kind: type === 'shutdown' ? 'poweroff' : 'reset', code: 0 }),
      })
      return { handle: (vcpu, registers) => server.handle(vcpu, registers), state: server }
    },
  })
  return { board, console }
}

/** Puts kernel, initramfs and a fixed seed for the kernel's randomness in place. */
export const loadDebian = ({ board }: DebianBoard, { kernel, initramfs }: DebianFiles): void => {
  board.load({ kernel, initramfs, bootArguments: 'console=ttyS0 panic=-1', seed: new Uint8Array(64).fill(0x5a) })
}

/** A host that lets others run between slices and never needs to wait: under virtual time, somebody who sleeps has nothing left to do. */
export const host: MachineHost = {
  now: () => performance.now(),
  yield: () => new Promise((resolve) => {
    setTimeout(resolve)
  }),
  sleep: () => Promise.reject(new Error('the guest sleeps forever')),
}
