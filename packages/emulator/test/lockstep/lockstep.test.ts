import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encode } from '../../src/isa/riscv/encode.ts'
import { riscvDecoder } from '../../src/isa/riscv/decoder.ts'
import { Random } from '../isa/random.ts'
import { tiers } from '../support/tiers.ts'
import { compileForLinux } from '../support/toolchain.ts'
import { generateStream, streamRows } from './generate.ts'
import { StreamHart } from './hart.ts'
import { locate } from './locate.ts'
import type { Execute } from './locate.ts'
import { runReference } from './reference.ts'
import { codeBase, dataBytes, differences } from './stream.ts'
import type { Outcome, Stream } from './stream.ts'

// To repeat a run that failed: STRATA_SEED is what it printed.
const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 2 ** 31)
const wanted = 1_000_000
const batch = 200
/** Of the streams, one in so many is executed step by step as well, to count what it executes. */
const steppedShare = 4
const leastOfEachRow = 100

let folder = ''
let program = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-lockstep-'))
  program = compileForLinux(join(import.meta.dirname, 'runner.c'), folder)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const reference: Execute = (streams) => runReference(program, streams)

/** Executes a stream step by step; the addresses of the instructions. */
const traceOf = (hart: StreamHart, stream: Stream): number[] => {
  const trace: number[] = []
  hart.begin(stream)
  while (!hart.ended && trace.length < 200_000) {
    trace.push(Number(hart.hart.pc))
    hart.step()
  }
  return trace
}

describe.each(tiers)('$name', (tier) => {
  test('agrees with qemu on random programs of every unprivileged instruction', { timeout: 300_000 }, () => {
    const hart = new StreamHart(tier)
    const decoder = riscvDecoder(streamRows)
    const executed = new Map(streamRows.map((row) => [row.mnemonic, 0]))
    const ends = new Map<Outcome['trap'], number>()
    let retired = 0
    let streamSeed = seed
    while (retired < wanted) {
      const seeds = Array.from({ length: batch }, () => streamSeed++)
      const streams = seeds.map((each) => generateStream(new Random(each), 100 + (each % 7) * 100))
      const outcomes = reference(streams)
      for (const [index, stream] of streams.entries()) {
        const before = hart.hart.retired
        const outcome = hart.run(stream)
        retired += hart.hart.retired - before
        ends.set(outcome.trap, (ends.get(outcome.trap) ?? 0) + 1)
        const stepped = index % steppedShare === 0
        if (differences(outcomes[index]!, outcome).length > 0) {
          const where = locate(stream, traceOf(hart, stream), reference, (prefixes) => prefixes.map((each) => hart.run(each)))
          throw new Error(`qemu expected, the emulator came; repeat with STRATA_SEED=${seeds[index]!}\n${where}`)
        }
        if (!stepped) continue
        for (const pc of traceOf(hart, stream)) {
          const at = pc - codeBase - stream.start
          const found = decoder.find(new DataView(new Uint8Array([...stream.code.slice(at, at + 4), 0, 0]).buffer).getUint32(0, true))
            ?? decoder.find(stream.code[at]! | (stream.code[at + 1]! << 8))
          if (found !== undefined) executed.set(found.row.mnemonic, executed.get(found.row.mnemonic)! + 1)
        }
        expect(differences(outcome, hart.outcome()), `stepping; repeat with STRATA_SEED=${seeds[index]!}`).toEqual([])
      }
    }
    expect(retired).toBeGreaterThanOrEqual(wanted)
    expect([...executed].filter(([, count]) => count < leastOfEachRow)).toEqual([])
    // Every way to end occurs.
    for (const trap of ['breakpoint', 'illegal', 'misaligned'] as const) expect(ends.get(trap) ?? 0, trap).toBeGreaterThan(5)
    expect([...ends.keys()].sort()).toEqual(['breakpoint', 'illegal', 'misaligned'])
  })

  test('a difference is traced to the instruction that makes it', () => {
    const hart = new StreamHart(tier)
    const words = [
      encode('addi', { rd: 5, rs1: 0, imm: 3 }),
      encode('csrrwi', { rd: 6, csr: 1, uimm: 1 }),
      encode('mul', { rd: 7, rs1: 5, rs2: 5 }),
      encode('addi', { rd: 5, rs1: 5, imm: -1 }),
      encode('bne', { rs1: 5, rs2: 0, imm: -8 }),
      encode('ebreak'),
    ]
    const withWords = (list: readonly number[]): Stream => ({
      start: 0,
      code: new Uint8Array(Uint32Array.from(list).buffer),
      state: { x: new BigUint64Array(32), f: new BigUint64Array(32), fcsr: 0, data: new Uint8Array(dataBytes) },
    })
    const stream = withWords(words)
    const execute: Execute = (streams) => streams.map((each) => hart.run(each))
    /** A CPU that takes one word for another. */
    const mistaken = (right: number, wrong: number): Execute => (streams) => execute(streams.map((each) => {
      const code = Uint32Array.from(new Uint32Array(each.code.slice().buffer), (word) => (word === right ? wrong : word))
      return { ...each, code: new Uint8Array(code.buffer) }
    }))
    const trace = traceOf(hart, stream)
    expect(trace.length).toBe(2 + 3 * 3 + 1)
    expect(locate(stream, trace, reference, execute)).toBe('no difference when executed again')
    const inFlags = locate(stream, trace, reference, mistaken(words[1]!, encode('csrrwi', { rd: 6, csr: 1, uimm: 2 })))
    expect(inFlags.split('\n').slice(0, 3)).toEqual(['differs after:', '  40000004: csrrwi t1,fflags,1', 'fcsr: 0x1 expected, 0x2 came'])
    const inProduct = locate(stream, trace, reference, mistaken(words[2]!, encode('mulh', { rd: 7, rs1: 5, rs2: 5 })))
    expect(inProduct.split('\n').slice(0, 3)).toEqual(['differs after:', '  40000008: mul t2,t0,t0', 'x7: 0x9 expected, 0x0 came'])
  })
})
