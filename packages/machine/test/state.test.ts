import { crc32 as reference } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../src/crc32.ts'
import { decodeState, encodeState, GuestMemory, restoreMachine, saveMachine, StateError, VirtualClock } from '../src/index.ts'
import { codeOf, random } from './support.ts'
import type { Plain, SavedState, Stateful } from '../src/index.ts'

const sample: SavedState = {
  version: 3,
  nothing: null,
  flags: [true, false],
  numbers: [0, -0, 1.5, -1, 2 ** 53 - 1, NaN, Infinity, -Infinity, 1e300],
  integers: [0n, -1n, 2n ** 64n - 1n, -(2n ** 200n)],
  text: 'ü "quoted" \0 \u{1f600} \ud800'.slice(0, -1),
  bytes: Uint8Array.of(0, 255, 1),
  empty: [new Uint8Array(0), [], {}],
  nested: { version: 1, deep: [{ a: [Uint8Array.of(9), 1n] }] },
  odd: { $bigint: '5', $bytes: 3, plain: { $record: 1 }, __proto__x: 1 },
}

describe('the checksum', () => {
  it('is CRC-32', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf4_3926)
    const next = random(3)
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, () => next() & 0xff)
      expect(crc32(bytes)).toBe(typeof reference === 'function' ? reference(bytes) : crc32(bytes.subarray(length >> 1), crc32(bytes.subarray(0, length >> 1))))
      expect(crc32(bytes.subarray(length >> 1), crc32(bytes.subarray(0, length >> 1)))).toBe(crc32(bytes))
    }
  })
})

describe('a state file', () => {
  it('gives back what went in', () => {
    expect(decodeState(encodeState(sample))).toEqual(sample)
    expect(Object.is((decodeState(encodeState(sample))['numbers'] as number[])[1], -0)).toBe(true)
  })

  it('does not let a key reach a prototype', () => {
    const evil = JSON.parse('{"version": 1, "inner": {"__proto__": {"polluted": 1}}}') as SavedState
    const back = decodeState(encodeState(evil))
    expect(Object.keys(back['inner'] as object)).toEqual(['__proto__'])
    expect('polluted' in {}).toBe(false)
  })

  it('can lie anywhere in a larger buffer', () => {
    const bytes = encodeState(sample)
    const larger = new Uint8Array(bytes.length + 7)
    larger.set(bytes, 5)
    expect(decodeState(larger.subarray(5, 5 + bytes.length))).toEqual(sample)
  })

  it('is refused at every length and with any bit changed', () => {
    const bytes = encodeState(sample)
    for (let length = 0; length < bytes.length; length++) expect(codeOf(() => decodeState(bytes.slice(0, length)))).toMatch(/^ERR_STATE_(FORMAT|CHECKSUM)$/)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect(codeOf(() => decodeState(changed))).toMatch(/^ERR_STATE_(FORMAT|CHECKSUM|VERSION)$/)
    }
    expect(codeOf(() => decodeState(Uint8Array.of(...bytes, 0)))).toBe('ERR_STATE_CHECKSUM')
  })

  /** A file whose checksum is right, whatever its description says. */
  const forged = (description: string, blobs: number[] = []): Uint8Array => {
    const json = Buffer.from(description)
    const bytes = new Uint8Array([...encodeState({ version: 1 }).slice(0, 24), ...json, ...blobs])
    const view = new DataView(bytes.buffer)
    view.setBigUint64(16, BigInt(json.length), true)
    view.setUint32(12, crc32(bytes.subarray(16)), true)
    return bytes
  }

  it.each([
    '',
    '{',
    '5',
    'null',
    '[]',
    '{}',
    '{"version":"1"}',
    '{"version":1,"a":{"$bytes":3}}',
    '{"version":1,"a":{"$bytes":-1}}',
    '{"version":1,"a":{"$bytes":1.5}}',
    '{"version":1,"a":{"$bytes":"2"}}',
    '{"version":1,"a":{"$bigint":"x"}}',
    '{"version":1,"a":{"$bigint":5}}',
    '{"version":1,"a":{"$bigint":""}}',
    `{"version":1,"a":{"$bigint":"${'9'.repeat(5000)}"}}`,
    '{"version":1,"a":{"$number":"0x10"}}',
    '{"version":1,"a":{"$record":{}}}',
    '{"version":1,"a":{"$record":[[1,2]]}}',
    '{"version":1,"a":{"$record":[["a"]]}}',
    '{"version":1,"a":{"$other":1}}',
    '{"version":1,"a":{"$bytes":1,"b":2}}',
    '{"version":1}',
    `{"version":1,"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  ])('is refused if forged: %.60s', (description) => {
    expect(codeOf(() => decodeState(forged(description, [1, 2])))).toBe('ERR_STATE_FORMAT')
  })

  it('is read if forged well', () => {
    expect(decodeState(forged('{"version":1,"a":{"$bytes":2}}', [1, 2]))).toEqual({ version: 1, a: Uint8Array.of(1, 2) })
  })

  it('has a limit to its depth when written, too', () => {
    let deep: Plain = 1
    for (let level = 0; level < 100; level++) deep = [deep]
    expect(codeOf(() => encodeState({ version: 1, deep }))).toBe('ERR_STATE_SHAPE')
  })
})

class Part implements Stateful {
  value = 0
  readonly order: string[]
  readonly name: string

  constructor(name: string, order: string[]) {
    this.name = name
    this.order = order
  }

  save(): SavedState {
    return { version: 1, value: this.value }
  }

  restore(state: SavedState): void {
    if (typeof state['value'] !== 'number') throw new StateError('ERR_STATE_SHAPE', 'value')
    this.order.push(this.name)
    this.value = state['value']
  }
}

describe('a whole machine\'s state', () => {
  const make = (): { memory: GuestMemory; clock: VirtualClock; a: Part; b: Part; order: string[] } => {
    const order: string[] = []
    return { memory: GuestMemory.create({ size: 0x10_0000 }), clock: new VirtualClock({ frequency: 1000, instructionsPerTick: 3 }), a: new Part('a', order), b: new Part('b', order), order }
  }

  it('moves from one machine to another through bytes', () => {
    const { memory, clock, a, b } = make()
    memory.write(memory.base + 5000, Uint8Array.of(1, 2, 3))
    clock.retire(100)
    a.value = 1
    b.value = 2
    const file = encodeState(saveMachine({ memory, clock, a, b }))
    expect(file.length).toBeLessThan(6000)
    const other = make()
    other.memory.write(other.memory.base, Uint8Array.of(9))
    restoreMachine({ memory: other.memory, clock: other.clock, a: other.a, b: other.b }, decodeState(file))
    expect(Buffer.compare(other.memory.bytes, memory.bytes)).toBe(0)
    expect([other.clock.now(), other.a.value, other.b.value]).toEqual([33, 1, 2])
    expect(other.order).toEqual(['a', 'b'])
  })

  it('is refused for another machine, and if one part refuses, all stay as they were', () => {
    const { memory, clock, a, b } = make()
    memory.write(memory.base, Uint8Array.of(1))
    const state = saveMachine({ memory, clock, a, b })
    const parts = state['parts'] as Record<string, SavedState>
    a.value = 7
    clock.retire(30)
    memory.write(memory.base, Uint8Array.of(2))
    const now = saveMachine({ memory, clock, a, b })
    const less = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== 'memory'))
    for (const broken of [
      { ...state, version: 2 },
      { version: 1 },
      { version: 1, parts: [] },
      { version: 1, parts: less },
      { version: 1, parts: { ...parts, more: { version: 1 } } },
      { version: 1, parts: { ...parts, b: 5 } },
      { version: 1, parts: { ...parts, b: { version: 1 } } },
      { version: 1, parts: { ...parts, memory: { ...parts['memory'], version: 9 } } },
    ] as SavedState[]) {
      expect(codeOf(() => { restoreMachine({ memory, clock, a, b }, broken) })).toMatch(/^ERR_STATE_(VERSION|SHAPE)$/)
      expect(saveMachine({ memory, clock, a, b })).toEqual(now)
    }
  })
})
