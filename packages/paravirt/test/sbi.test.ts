import { describe, expect, test } from 'vitest'
import { guest, NotedCpu, ram, ramSize } from './guest.ts'
import type { SystemReset, SystemResetReason } from '../src/index.ts'

const base = 0x10n
const time = 0x54494d45n
const ipi = 0x735049n
const rfence = 0x52464e43n
const hsm = 0x48534dn
const srst = 0x53525354n
const dbcn = 0x4442434en
const minusOne = 0xffff_ffff_ffff_ffffn
const silent = { write: (bytes: Uint8Array) => bytes.length, read: () => new Uint8Array() }

describe('Base', () => {
  test('names version 3.0 and legal machine ids', () => {
    const { call } = guest()
    expect(call(base, 0n)).toEqual([0n, 0x300_0000n])
    for (const fid of [4n, 5n, 6n]) expect(call(base, fid)).toEqual([0n, 0n])
  })

  test('probes what is there, and only that', () => {
    const { call } = guest({ reset: () => undefined, console: silent })
    for (const id of [base, time, ipi, rfence, hsm, srst, dbcn]) expect(call(base, 3n, id), id.toString(16)).toEqual([0n, 1n])
    for (const id of [0n, 1n, 8n, 0x504d55n, minusOne, base | (1n << 32n)]) expect(call(base, 3n, id), id.toString(16)).toEqual([0n, 0n])
    const bare = guest()
    expect(bare.call(base, 3n, srst)).toEqual([0n, 0n])
    expect(bare.call(srst, 0n)).toEqual([-2n, 0n])
    expect(bare.call(dbcn, 2n, 65n)).toEqual([-2n, 0n])
  })

  test('unknown extensions and functions are not supported', () => {
    const { call, server } = guest()
    expect(call(0x1n, 0n, 65n)).toEqual([-2n, 0n])
    expect(call(base, 7n)).toEqual([-2n, 0n])
    expect(call(base, minusOne)).toEqual([-2n, 0n])
    expect(call(time, 1n)).toEqual([-2n, 0n])
    expect(call(rfence, 3n)).toEqual([-2n, 0n])
    expect(server.handle(0, [])).toEqual([-2n, 0n])
  })

  test('an application adds its own extension, and probes see it', () => {
    const { call } = guest({ extensions: [{ id: 0x0900_0001n, name: 'Double', functions: [({ arguments: [value] }) => [0n, value * 2n]] }] })
    expect(call(base, 3n, 0x0900_0001n)).toEqual([0n, 1n])
    expect(call(0x0900_0001n, 0n, 21n)).toEqual([0n, 42n])
  })

  test('an id that is taken, a hart that is there twice, and a caller that is none are the application’s mistakes', () => {
    expect(() => guest({ extensions: [{ id: time, name: 'Mine', functions: [] }] })).toThrow(/0x54494d45 of TIME/)
    expect(() => guest({ cpus: [new NotedCpu(3), new NotedCpu(3)] })).toThrow(expect.objectContaining({ code: 'ERR_MACHINE_OPTION' }) as Error)
    expect(() => guest().server.handle(9, [])).toThrow(expect.objectContaining({ code: 'ERR_MACHINE_OPTION' }) as Error)
  })
})

describe('TIME', () => {
  test('a deadline to come clears the interrupt and raises it when it is due', () => {
    const { call, clock, hart } = guest()
    hart(0).timerPending = true
    expect(call(time, 0n, 100n)).toEqual([0n, 0n])
    expect(hart(0).timerPending).toBe(false)
    clock.retire(99)
    clock.fireDue()
    expect(hart(0).timerPending).toBe(false)
    clock.retire(1)
    clock.fireDue()
    expect(hart(0).timerPending).toBe(true)
    expect(hart(1).timerPending).toBe(false)
  })

  test('a deadline that is past is pending at once; a later one replaces it', () => {
    const { call, clock, hart } = guest()
    clock.retire(50)
    call(time, 0n, 50n)
    expect(hart(0).timerPending).toBe(true)
    call(time, 0n, 60n)
    call(time, 0n, 80n)
    expect(hart(0).timerPending).toBe(false)
    expect(clock.nextDeadline()).toBe(80)
  })

  test('the end of time never comes', () => {
    const { call, clock, hart } = guest()
    call(time, 0n, 10n)
    for (const deadline of [minusOne, 1n << 53n, 1n << 63n]) {
      expect(call(time, 0n, deadline)).toEqual([0n, 0n])
      expect(hart(0).timerPending).toBe(false)
      expect(clock.nextDeadline()).toBe(Infinity)
    }
  })

  test('deadlines survive save and restore, pending or due', () => {
    const first = guest()
    first.call(time, 0n, 100n)
    const state = structuredClone(first.server.save())
    const second = guest()
    second.server.restore(state)
    expect(second.clock.nextDeadline()).toBe(100)
    const late = guest()
    late.clock.retire(100)
    late.server.restore(state)
    expect(late.hart(0).timerPending).toBe(true)
    expect(() => { second.server.restore({ ...state, version: 2 }) }).toThrow(expect.objectContaining({ code: 'ERR_STATE_VERSION' }) as Error)
    expect(() => { guest({ cpus: [new NotedCpu(0)] }).server.restore(state) }).toThrow(expect.objectContaining({ code: 'ERR_STATE_SHAPE' }) as Error)
  })
})

describe('IPI and the hart mask', () => {
  const three = () => guest({ cpus: [new NotedCpu(0), new NotedCpu(1), new NotedCpu(70)] })

  test('bits count from the base', () => {
    const { call, hart } = three()
    expect(call(ipi, 0n, 0b10n, 0n)).toEqual([0n, 0n])
    expect(call(ipi, 0n, 1n << 60n, 10n)).toEqual([0n, 0n])
    expect([0, 1, 2].map((index) => hart(index).interrupts)).toEqual([0, 1, 1])
  })

  test('a base of -1 means everybody, whatever the mask', () => {
    const { call, hart } = three()
    expect(call(ipi, 0n, 0n, minusOne)).toEqual([0n, 0n])
    expect([0, 1, 2].map((index) => hart(index).interrupts)).toEqual([1, 1, 1])
  })

  test('an empty mask asks for nothing', () => {
    expect(three().call(ipi, 0n, 0n, 12345n)).toEqual([0n, 0n])
  })

  test('one hart that is not there refuses the whole call', () => {
    const { call, hart } = three()
    for (const [mask, from] of [[0b111n, 0n], [1n, 2n], [1n << 63n, minusOne - 1n], [minusOne, 0n]] as const) {
      expect(call(ipi, 0n, mask, from)).toEqual([-3n, 0n])
    }
    expect(hart(0).interrupts).toBe(0)
  })
})

describe('RFENCE', () => {
  test('passes ranges on, and means everything when it says so', () => {
    const { call, hart } = guest()
    expect(call(rfence, 0n, 1n, 0n)).toEqual([0n, 0n])
    expect(call(rfence, 1n, 1n, 0n, 0x1000n, 0x2000n)).toEqual([0n, 0n])
    expect(call(rfence, 1n, 1n, 0n, 0n, 0n)).toEqual([0n, 0n])
    expect(call(rfence, 1n, 1n, 0n, 0x1000n, minusOne)).toEqual([0n, 0n])
    expect(call(rfence, 2n, 1n, 0n, 0x1000n, 0x1000n, 7n)).toEqual([0n, 0n])
    expect(hart(0).fences).toEqual([
      { kind: 'instruction' },
      { kind: 'address', range: { start: 0x1000n, size: 0x2000n } },
      { kind: 'address' },
      { kind: 'address' },
      { kind: 'address', range: { start: 0x1000n, size: 0x1000n }, asid: 7n },
    ])
    expect(hart(1).fences).toEqual([])
  })

  test('refuses harts that are not there and address spaces that cannot be', () => {
    const { call, hart } = guest()
    expect(call(rfence, 1n, 0b100n, 0n)).toEqual([-3n, 0n])
    expect(call(rfence, 2n, 1n, 0n, 0n, 0n, 0x1_0000n)).toEqual([-3n, 0n])
    expect(hart(0).fences).toEqual([])
  })
})

describe('HSM', () => {
  test('starts a stopped hart once, and tells its status', () => {
    const { call, hart } = guest()
    expect(call(hsm, 2n, 0n)).toEqual([0n, 0n])
    expect(call(hsm, 2n, 1n)).toEqual([0n, 1n])
    expect(call(hsm, 0n, 1n, ram + 0x1000n, minusOne)).toEqual([0n, 0n])
    expect(hart(1).started).toEqual({ pc: ram + 0x1000n, opaque: minusOne })
    expect(call(hsm, 0n, 1n, ram, 0n)).toEqual([-6n, 0n])
    expect(call(hsm, 2n, 1n)).toEqual([0n, 0n])
  })

  test('refuses harts that are not there and places that are not RAM', () => {
    const { call, hart } = guest()
    expect(call(hsm, 0n, 2n, ram, 0n)).toEqual([-3n, 0n])
    expect(call(hsm, 2n, minusOne)).toEqual([-3n, 0n])
    for (const pc of [0n, ram - 2n, ram + ramSize, ram + 1n, minusOne, (1n << 53n) + ram, ram | (1n << 32n)]) {
      expect(call(hsm, 0n, 1n, pc, 0n), pc.toString(16)).toEqual([-5n, 0n])
    }
    expect(hart(1).started).toBeUndefined()
  })

  test('stops and suspends the caller', () => {
    const { call, hart } = guest()
    expect(call(hsm, 3n, 0n)).toEqual([0n, 0n])
    expect(hart(0).status).toBe('suspended')
    expect(call(hsm, 2n, 0n)).toEqual([0n, 4n])
    expect(call(hsm, 1n)).toEqual([0n, 0n])
    expect(hart(0).status).toBe('stopped')
  })

  test('the type of a suspend is 32 bits wide; what is not there is told apart from what is reserved', () => {
    const { call } = guest()
    expect(call(hsm, 3n, 1n << 32n)).toEqual([0n, 0n])
    expect(call(hsm, 3n, 0x8000_0000n)).toEqual([-2n, 0n])
    for (const type of [1n, 0x1000_0000n, 0x8000_0001n, 0xffff_ffffn]) expect(call(hsm, 3n, type)).toEqual([-3n, 0n])
  })
})

describe('SRST', () => {
  test('passes the guest’s wish on and refuses reserved ones', () => {
    const seen: [SystemReset, SystemResetReason][] = []
    const { call } = guest({ reset: (type, reason) => { seen.push([type, reason]) } })
    expect(call(srst, 0n, 0n, 0n)).toEqual([0n, 0n])
    expect(call(srst, 0n, 1n, 1n)).toEqual([0n, 0n])
    expect(call(srst, 0n, 0xffff_ffff_0000_0002n, 0n)).toEqual([0n, 0n])
    expect(call(srst, 0n, 3n, 0n)).toEqual([-3n, 0n])
    expect(call(srst, 0n, 0n, 2n)).toEqual([-3n, 0n])
    expect(call(srst, 0n, 0xf000_0000n, 0n)).toEqual([-3n, 0n])
    expect(seen).toEqual([['shutdown', 'none'], ['cold-reboot', 'system-failure'], ['warm-reboot', 'none']])
  })
})

describe('DBCN', () => {
  const withConsole = (input: string, room = Infinity) => {
    const out: number[] = []
    const pending = [...Buffer.from(input)]
    const set = guest({
      console: {
        write: (bytes) => {
          const taken = Math.min(bytes.length, room - out.length)
          out.push(...bytes.subarray(0, taken))
          return taken
        },
        read: (maximum) => Uint8Array.from(pending.splice(0, maximum)),
      },
    })
    return { ...set, text: () => Buffer.from(out).toString() }
  }

  test('writes from guest memory, as much as fits', () => {
    const { call, memory, text } = withConsole('', 7)
    memory.write(Number(ram), Buffer.from('hello'))
    expect(call(dbcn, 0n, 5n, ram, 0n)).toEqual([0n, 5n])
    expect(call(dbcn, 0n, 5n, ram, 0n)).toEqual([0n, 2n])
    expect(text()).toBe('hellohe')
    expect(call(dbcn, 2n, 33n)).toEqual([-1n, 0n])
  })

  test('reads into guest memory, no more than there is', () => {
    const { call, memory } = withConsole('abcdef')
    expect(call(dbcn, 1n, 4n, ram + 8n, 0n)).toEqual([0n, 4n])
    expect(call(dbcn, 1n, 4n, ram + 12n, 0n)).toEqual([0n, 2n])
    expect(call(dbcn, 1n, 4n, ram, 0n)).toEqual([0n, 0n])
    expect(Buffer.from(memory.read(Number(ram), 16)).toString()).toBe('\0\0\0\0\0\0\0\0abcdef\0\0')
  })

  test('a single byte ignores the rest of the register', () => {
    const { call, text } = withConsole('')
    expect(call(dbcn, 2n, 0xffff_ff41n)).toEqual([0n, 0n])
    expect(text()).toBe('A')
  })

  test('ranges that are not all RAM are refused', () => {
    const { call, text } = withConsole('input')
    for (const [length, low, high] of [
      [1n, 0n, 0n], [1n, ram - 1n, 0n], [2n, ram + ramSize - 1n, 0n], [1n, ram, 1n], [minusOne, ram, 0n], [1n, minusOne, 0n],
      [ramSize + 1n, ram, 0n], [1n, ram | (1n << 33n), 0n], [1n << 53n, ram, 0n],
    ] as const) {
      expect(call(dbcn, 0n, length, low, high)).toEqual([-3n, 0n])
      expect(call(dbcn, 1n, length, low, high)).toEqual([-3n, 0n])
    }
    expect(text()).toBe('')
    expect(call(dbcn, 0n, 0n, 0n, 0n)).toEqual([0n, 0n])
  })

  test('one call moves at most 64 KiB', () => {
    const { call } = withConsole('')
    expect(call(dbcn, 0n, ramSize, ram, 0n)).toEqual([0n, 0x1_0000n])
  })

  test('a console that misbehaves cannot write past the guest’s buffer', () => {
    const { call, memory } = guest({ console: { write: () => 99, read: () => new Uint8Array(99).fill(7) } })
    expect(call(dbcn, 1n, 2n, ram, 0n)).toEqual([0n, 2n])
    expect([...memory.read(Number(ram), 3)]).toEqual([7, 7, 0])
    expect(call(dbcn, 0n, 2n, ram, 0n)).toEqual([0n, 2n])
  })
})

test('random calls never throw, never run wild, and always answer with a standard error', () => {
  let seed = 0x2545_f491
  const random = (below: number): number => {
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    return (seed >>> 0) % below
  }
  const pick = (values: readonly bigint[]): bigint => values[random(values.length)] ?? 0n
  const interesting = [0n, 1n, 2n, 3n, 0xffn, 0xffffn, 0x8000_0000n, ram, ram + ramSize - 1n, ram + ramSize, 1n << 32n, 1n << 53n, 1n << 63n, minusOne, minusOne - 1n]
  const word = (): bigint => (random(3) === 0 ? (BigInt(random(2 ** 31)) << 33n) | BigInt(random(2 ** 31)) : pick(interesting))
  const { server, clock, hart } = guest({ reset: () => undefined, console: { write: (bytes) => bytes.length, read: (maximum) => new Uint8Array(Math.min(maximum, 64)) } })
  const seen = new Set<bigint>()
  for (let round = 0; round < 50_000; round++) {
    const eid = random(20) === 0 ? word() : pick([base, time, ipi, rfence, hsm, srst, dbcn])
    const fid = random(10) === 0 ? word() : BigInt(random(8))
    const [error, value] = server.handle(random(2), [word(), word(), word(), word(), word(), word(), fid, eid])
    expect(error <= 0n && error >= -6n).toBe(true)
    expect(BigInt.asUintN(64, value) === BigInt.asUintN(64, BigInt.asIntN(64, value))).toBe(true)
    seen.add(error)
    clock.retire(random(1000))
    clock.fireDue()
    if (random(50) === 0) hart(1).status = 'stopped'
  }
  expect(seen.has(0n) && seen.has(-2n) && seen.has(-3n) && seen.has(-5n)).toBe(true)
})

