import { GuestMemory, VirtualClock } from '@strata/machine'
import { RiscvHart } from '../../src/index.ts'
import { encode } from '../../src/isa/riscv/encode.ts'
import { registerFiles } from '../../src/isa/riscv/state.ts'
import type { Tier } from '../support/tiers.ts'
import { codeBase, dataBase, dataBytes } from './stream.ts'
import type { Outcome, State, Stream } from './stream.ts'

/** The trap handler: it waits for an interrupt, and none comes. */
const handler = dataBase + 0x1_0000
const size = 0x10_0000
/** No stream is as long. */
const limit = 200_000
const floatInitial = 1n << 13n

const traps: Readonly<Record<number, Outcome['trap']>> = {
  2: 'illegal', 3: 'breakpoint', 4: 'misaligned', 6: 'misaligned', 1: 'fault', 5: 'fault', 7: 'fault',
}

/** Executes streams on the emulator, in machine mode. */
export class StreamHart {
  readonly memory: GuestMemory
  readonly hart: RiscvHart

  constructor(tier: Tier) {
    this.memory = GuestMemory.create({ base: codeBase, size, reserved: RiscvHart.reservedBytes(1, size) })
    const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 })
    this.hart = tier.hart({ memory: this.memory, clock, id: 0, hypercalls: false })
    const wfi = new Uint8Array(4)
    new DataView(wfi.buffer).setUint32(0, encode('wfi'), true)
    this.memory.write(handler, wfi)
  }

  /** Puts the hart and memory into the state in which a stream starts. */
  begin({ start, code, state }: Stream): void {
    const { hart, memory } = this
    hart.reset({ pc: BigInt(codeBase + start), privilege: 'machine', arguments: [] })
    hart.state.registers.mtvec = BigInt(handler)
    hart.state.writeStatus(floatInitial, floatInitial)
    hart.state.writeFloat('frm', state.fcsr >> 5)
    hart.state.writeFloat('fflags', state.fcsr & 31)
    for (let index = 1; index < 32; index++) hart.state.setRegister(index, state.x[index]!)
    for (let index = 0; index < 32; index++) hart.state.core.setCell64(registerFiles.f.offset + 8 * index, state.f[index]!)
    memory.write(dataBase, state.data)
    memory.write(codeBase + start, code)
  }

  /** Whether the stream has ended. */
  get ended(): boolean {
    return this.hart.pc >= BigInt(handler)
  }

  /** One instruction. */
  step(): void {
    this.hart.run(1)
  }

  state(): State {
    const { hart, memory } = this
    return {
      x: BigUint64Array.from({ length: 32 }, (_, index) => hart.register(index)),
      f: BigUint64Array.from({ length: 32 }, (_, index) => hart.state.core.cell64(registerFiles.f.offset + 8 * index)),
      fcsr: (hart.state.readFloat('frm') << 5) | hart.state.readFloat('fflags'),
      data: memory.read(dataBase, dataBytes),
    }
  }

  outcome(): Outcome {
    const { registers } = this.hart.state
    return { ...this.state(), trap: traps[Number(registers.mcause)] ?? 'none', pc: registers.mepc }
  }

  /** A whole stream at full speed. */
  run(stream: Stream): Outcome {
    this.begin(stream)
    const exit = this.hart.run(limit)
    if (exit.kind !== 'idle') return { ...this.state(), trap: 'none', pc: this.hart.pc }
    return this.outcome()
  }
}
