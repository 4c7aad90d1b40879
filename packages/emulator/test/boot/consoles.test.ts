import { MemoryConsole, VirtualClock } from '@strata/machine'
import { describe, expect, it } from 'vitest'
import { encode, VirtBoard } from '../../src/index.ts'

const [t0, t1, t2] = [5, 6, 7]
/** Prints each character it receives, and how many instructions had retired (their last digit) when it saw it. */
const echo = [
  encode('lui', { rd: t0, imm: 0x1000_0000 }),
  encode('lbu', { rd: t1, rs1: t0, imm: 5 }),
  encode('andi', { rd: t1, rs1: t1, imm: 1 }),
  encode('beq', { rs1: t1, rs2: 0, imm: -8 }),
  encode('lbu', { rd: t1, rs1: t0, imm: 0 }),
  encode('csrrs', { rd: t2, csr: 0xb02, rs1: 0 }),
  encode('sb', { rs1: t0, rs2: t1, imm: 0 }),
  encode('andi', { rd: t2, rs1: t2, imm: 0x3f }),
  encode('addi', { rd: t2, rs1: t2, imm: 0x30 }),
  encode('sb', { rs1: t0, rs2: t2, imm: 0 }),
  encode('jal', { rd: 0, imm: -36 }),
]
const host = { now: () => performance.now(), yield: () => Promise.resolve(), sleep: () => Promise.reject(new Error('it never sleeps')) }

const make = (console: MemoryConsole): VirtBoard =>
  VirtBoard.create({ ram: 1 << 20, clock: new VirtualClock({ frequency: 1000, instructionsPerTick: 1 }), wallClock: () => 0n, serial: [console] })

const load = (board: VirtBoard): void => { board.load({ kernel: new Uint8Array(Uint32Array.from(echo).buffer) }) }

describe('a board\'s console', () => {
  it('takes input at the same instruction in every run, if it is given at one', async () => {
    const run = async (at: number, sliceInstructions: number): Promise<string> => {
      const console = new MemoryConsole()
      const board = make(console)
      load(board)
      await board.machine.run({ host, sliceInstructions, maxInstructions: at })
      console.type('a')
      await board.machine.run({ host, sliceInstructions, maxInstructions: 1000 })
      console.type('b')
      await board.machine.run({ host, sliceInstructions, maxInstructions: 1000 })
      return console.text
    }
    const first = await run(500, 200_000)
    expect(first).toMatch(/^a.b.$/)
    expect(await run(500, 200_000)).toBe(first)
    expect(await run(500, 7)).toBe(first)
    expect(await run(510, 7)).not.toBe(first)
  })

  it('can be handed over to the board that goes on', async () => {
    const console = new MemoryConsole()
    const [one, other] = [make(console), make(console)]
    load(one)
    await one.machine.run({ host, maxInstructions: 100 })
    other.restore(one.save())
    one.disconnect()
    console.type('xyz')
    await other.machine.run({ host, maxInstructions: 1000 })
    expect(console.text).toMatch(/^x.y.z.$/)
    // The first would still run, but hears nothing.
    console.type('w')
    await one.machine.run({ host, maxInstructions: 1000 })
    expect(console.text).toMatch(/^x.y.z.$/)
    await other.machine.run({ host, maxInstructions: 1000 })
    expect(console.text).toMatch(/^x.y.z.w.$/)
  })
})
