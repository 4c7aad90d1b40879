import { beforeAll, describe, expect, test } from 'vitest'
import { Random } from '../isa/random.ts'
import { createBatch, operationNamed, record } from './batch.ts'
import type { Batch } from './batch.ts'
import { interestingOperands } from './operands.ts'

// JavaScript's numbers are binary64 rounded to nearest even; one operation on singles, rounded twice, comes out right too.
const compute: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  sqrt: (a) => Math.sqrt(a),
}

let batch: Batch
beforeAll(async () => {
  batch = await createBatch()
})

const count = 100_000

describe.each([
  { format: 'f64', nan: 0x7ff8_0000_0000_0000n },
  { format: 'f32', nan: 0x7fc0_0000n },
] as const)('$format', ({ format, nan }) => {
  describe.each(Object.keys(compute))('%s', (name) => {
    const states = [{ before: 0, state: 'clear' }, { before: 1, state: 'raised' }]
    test.each(states)('rounds to nearest even as JavaScript does, inexact $state before', ({ before }) => {
      const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 1_000_000)
      const random = new Random(seed + before)
      const operation = operationNamed(`${format}_${name}`)
      const view = new DataView(batch.memory.buffer)
      const read = (at: number): number => (format === 'f64' ? view.getFloat64(at, true) : view.getFloat32(at, true))
      for (let at = 0; at < count * record.bytes; at += record.bytes) {
        const [a = 0n, b = 0n] = interestingOperands(operation, random)
        view.setUint32(at + record.rounding, 0, true)
        view.setUint32(at + record.before, before, true)
        view.setBigUint64(at + record.a, a, true)
        view.setBigUint64(at + record.b, b, true)
      }
      batch.run(operation, 0, count)

      const different: string[] = []
      for (let at = 0; at < count * record.bytes && different.length < 5; at += record.bytes) {
        const [a, b, ours] = [read(at + record.a), read(at + record.b), read(at + record.result)]
        const exact = compute[name]!(a, b)
        const theirs = format === 'f64' ? exact : Math.fround(exact)
        const same = Number.isNaN(theirs) ? view.getBigUint64(at + record.result, true) === nan : Object.is(ours, theirs)
        const flags = view.getUint32(at + record.after, true)
        if (!same || (flags & before) !== before) different.push(`${a} ${name} ${b} = ${ours} flags ${flags}, expected ${theirs}`)
      }
      expect(different, `seed ${seed} (set STRATA_SEED to repeat)`).toEqual([])
    })
  })
})
