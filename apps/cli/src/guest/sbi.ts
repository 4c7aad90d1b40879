import { SbiServer } from '@strata/paravirt'
import type { SupervisorEnvironment, VirtBoard } from '@strata/emulator'
import type { ConsoleBackend } from '@strata/machine'
import type { SystemReset } from '@strata/paravirt'

const stops: Readonly<Record<SystemReset, 'poweroff' | 'reset'>> = { 'shutdown': 'poweroff', 'cold-reboot': 'reset', 'warm-reboot': 'reset' }

/** Connects Strata's SBI to a board's harts; its debug console is the first serial port's other end. */
export const sbiFor = (board: VirtBoard, console: ConsoleBackend): SupervisorEnvironment => {
  const server = new SbiServer({
    memory: board.memory,
    clock: board.clock,
    cpus: board.harts.map((hart) => ({
      id: hart.id,
      timer: hart.line('stip'),
      interrupt: () => hart.line('ssip').set(true),
      get status() {
        return hart.status
      },
      start: (pc, opaque) => hart.start(pc, opaque),
      stop: () => hart.stop(),
      // Forgetting more than was asked for is allowed.
      fence: () => hart.fence(),
    })),
    reset: (type, reason) => board.machine.stop(reason === 'none' ? { kind: stops[type], code: 0 } : { kind: 'fail', code: 1 }),
    console: {
      write: (bytes) => {
        console.write(bytes)
        return bytes.length
      },
      read: (maximum) => console.read(maximum),
    },
  })
  return { handle: (vcpu, registers) => server.handle(board.harts[vcpu]!.id, registers), state: server }
}
