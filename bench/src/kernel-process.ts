// node kernel-process.js ENGINE FILE: runs a kernel on a bare board until it powers off. Prints what it printed, and on
// the next line how many instructions it retired.
import { readFileSync } from 'node:fs'
import { VirtBoard } from '@strata/emulator'
import { HostClock, MemoryConsole } from '@strata/machine'
import { engineOf } from './engines.ts'
import { bareBoard } from './bare-board.ts'
import { turnOnBranchHints } from './v8-flags.ts'

turnOnBranchHints()
const [name = '', file = ''] = process.argv.slice(2)
const console = new MemoryConsole()
const board = VirtBoard.create({
  ram: bareBoard.ram,
  clock: new HostClock({ frequency: 10_000_000, now: () => performance.now() }),
  wallClock: () => BigInt(Date.now()) * 1_000_000n,
  serial: [console],
  ...engineOf(name).board,
})
board.load({ kernel: readFileSync(file) })
const stop = await board.machine.run({
  host: {
    now: () => performance.now(),
    yield: () => new Promise((resolve) => setImmediate(resolve)),
    sleep: (milliseconds, wake) => Promise.race([new Promise<void>((resolve) => setTimeout(resolve, milliseconds)), wake]),
  },
})
if (stop.kind !== 'poweroff' || stop.code !== 0) {
  process.stderr.write(`the kernel did not power off: ${JSON.stringify(stop, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value))}\n`)
  process.exit(1)
}
process.stdout.write(`${console.text.trim()}\n${board.machine.retired}\n`)
