import { decodeState, encodeState, MemoryConsole, VirtualClock } from '@strata/machine'
import type { StopReason } from '@strata/machine'
import type { VirtBoard } from '../../src/index.ts'
import { Random } from '../isa/random.ts'
import { generateStream } from '../lockstep/generate.ts'
import { StreamHart } from '../lockstep/hart.ts'
import { tiers } from '../support/tiers.ts'

export interface GuestResult {
  readonly stop: StopReason
  readonly printed: string
  readonly retired: number
  /** Stands for the whole state of the board at the end. */
  readonly state: number
  readonly shared: boolean
}

/** FNV-1a, 32 bits. */
const checksum = (bytes: Uint8Array): number => {
  let hash = 0x811c_9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193)
  return hash >>> 0
}

/**
 * Runs a program of a bare board in machine mode, in Node or in a page, on the engine of that name. Half-way the board
 * is saved, and another goes on.
 */
export const runGuest = async (tier: string, program: ArrayLike<number>, halfWay: number): Promise<GuestResult> => {
  const { board: make } = tiers.find(({ name }) => name === tier)!
  const consoles = [new MemoryConsole(), new MemoryConsole()]
  const [first, second] = consoles.map((console) => make({
    ram: 64 << 20,
    clock: new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 }),
    wallClock: () => 0n,
    serial: [console],
  })) as [VirtBoard, VirtBoard]
  const host = {
    now: () => performance.now(),
    yield: () => new Promise<void>((resolve) => {
      setTimeout(resolve)
    }),
    sleep: () => Promise.reject(new Error('the guest sleeps forever')),
  }
  first.load({ kernel: Uint8Array.from(program) })
  await first.machine.run({ host, maxInstructions: halfWay })
  second.restore(decodeState(encodeState(first.save())))
  const stop = await second.machine.run({ host, maxInstructions: 200_000_000 })
  return { stop, printed: consoles.map(({ text }) => text).join(''), retired: second.machine.retired, state: checksum(encodeState(second.save())), shared: second.memory.shared }
}

/** Executes random programs of every unprivileged instruction: how each ended, as text. */
export const runStreams = (tier: string, seed: number, count: number): readonly string[] => {
  const hart = new StreamHart(tiers.find(({ name }) => name === tier)!)
  return Array.from({ length: count }, (_, index) => {
    const { x, f, fcsr, data, trap, pc } = hart.run(generateStream(new Random(seed + index), 500))
    return [trap, pc.toString(16), fcsr, hart.hart.retired, checksum(new Uint8Array(x.buffer)), checksum(new Uint8Array(f.buffer)), checksum(data)].join(' ')
  })
}
