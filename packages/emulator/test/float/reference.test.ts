import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../isa/random.ts'
import { createBatch, operations, record } from './batch.ts'
import type { Batch, Operation } from './batch.ts'
import { interestingOperands } from './operands.ts'

/** The C macro and the instruction for an operation. */
const instructionFor = ({ name, code }: Operation): string | undefined => {
  const match = /^f(32|64)_(\w+)$/.exec(name)
  if (match === null) throw new Error(`unexpected name ${name}`)
  const suffix = match[1] === '32' ? 's' : 'd'
  const what = match[2] ?? ''
  const integers: Record<string, string> = { i32: 'w', u32: 'wu', i64: 'l', u64: 'lu' }
  const call = (macro: string, instruction: string): string => `${macro}(${code}, "${instruction}", ${suffix})`
  const conversion = /^(to|from)_([iu]\d+)$/.exec(what)
  if (conversion !== null) {
    const integer = integers[conversion[2] ?? ''] ?? ''
    return conversion[1] === 'to' ? call('C1', `fcvt.${integer}.${suffix}`) : call('I1', `fcvt.${suffix}.${integer}`)
  }
  if (what === 'fma') return call('F3', `fmadd.${suffix}`)
  if (what === 'sqrt') return call('F1', `fsqrt.${suffix}`)
  if (what === 'class') return call('C1', `fclass.${suffix}`)
  if (['eq', 'lt', 'le'].includes(what)) return call('C2', `f${what}.${suffix}`)
  if (['add', 'sub', 'mul', 'div', 'min', 'max'].includes(what)) return call('F2', `f${what}.${suffix}`)
  return undefined
}

let batch: Batch
let folder = ''
let program = ''

beforeAll(async () => {
  batch = await createBatch()
  folder = mkdtempSync(join(tmpdir(), 'strata-float-'))
  program = join(folder, 'reference')
  const cases = operations.map(instructionFor).filter((text) => text !== undefined).join(' ')
  const code = (name: string): number => operations.find((operation) => operation.name === name)?.code ?? -1
  execFileSync('riscv64-linux-gnu-gcc', [
    '-march=rv64gc', '-mabi=lp64d', '-O1', '-static', '-nostdlib', '-ffreestanding', '-o', program,
    `-DOPERATIONS=${cases}`, `-DNARROW=${code('f64_to_f32')}`, `-DWIDEN=${code('f32_to_f64')}`,
    join(import.meta.dirname, 'reference.c'),
  ])
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const perOperation = 16_000
const rounds = 3

/** Puts `count` cases of an operation from record `first` on. */
const generate = (operation: Operation, first: number, count: number, seed: number): void => {
  const view = new DataView(batch.memory.buffer)
  const random = new Random(seed + operation.code * 7919)
  for (let index = 0; index < count; index++) {
    const at = (first + index) * record.bytes
    view.setUint32(at + record.operation, operation.code, true)
    view.setUint32(at + record.rounding, [0, 0, 1, 2, 3, 4][random.below(6)] ?? 0, true)
    // Inexact set on entry, as it soon is in a program, lets other paths compute than a clean slate does.
    view.setUint32(at + record.before, [0, 1, 1, 0, 30, 31][random.below(6)] ?? 0, true)
    const values = interestingOperands(operation, random)
    for (const [position, offset] of [record.a, record.b, record.c].entries()) view.setBigUint64(at + offset, values[position] ?? 0n, true)
    view.setBigUint64(at + record.result, 0n, true)
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`

const differences = (ours: DataView, theirs: DataView, count: number): string[] => {
  const found: string[] = []
  for (let index = 0; index < count && found.length < 5; index++) {
    const at = index * record.bytes
    const same = ours.getBigUint64(at + record.result, true) === theirs.getBigUint64(at + record.result, true)
      && ours.getUint32(at + record.after, true) === theirs.getUint32(at + record.after, true)
    if (same) continue
    const { name } = operations[ours.getUint32(at, true)]!
    const operands = [record.a, record.b, record.c].map((offset) => hex(ours.getBigUint64(at + offset, true))).join(', ')
    const result = (view: DataView): string => `${hex(view.getBigUint64(at + record.result, true))} flags ${view.getUint32(at + record.after, true)}`
    const setting = `rounding ${ours.getUint32(at + record.rounding, true)}, flags before ${ours.getUint32(at + record.before, true)}`
    found.push(`${name}(${operands}), ${setting}: ${result(ours)}, expected ${result(theirs)}`)
  }
  return found
}

test('results and flags are those of another implementation, for every operation in every rounding mode', () => {
  const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 1_000_000)
  const count = operations.length * perOperation
  for (let round = 0; round < rounds; round++) {
    for (const operation of operations) generate(operation, operation.code * perOperation, perOperation, seed + round * 1_000_003)
    const input = batch.memory.slice(0, count * record.bytes)
    for (const operation of operations) batch.run(operation, operation.code * perOperation, perOperation)
    const run = spawnSync('qemu-riscv64', [program], { input, maxBuffer: input.length + 4096 })
    expect(run.status, run.stderr.toString()).toBe(0)
    expect(run.stdout.length).toBe(input.length)
    const theirs = new DataView(run.stdout.buffer, run.stdout.byteOffset, run.stdout.length)
    expect(differences(new DataView(batch.memory.buffer), theirs, count), `seed ${seed} (set STRATA_SEED to repeat)`).toEqual([])
  }
})
