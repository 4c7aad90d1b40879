import { describe, expect, it } from 'vitest'
import { Aclint, Bus, GoldfishRtc, guestWallClock, MemoryConsole, Ns16550a, Plic, SifiveTest, VirtualClock } from '../src/index.ts'
import { codeOf, Pin, random } from './support.ts'
import type { AccessWidth, DeviceWidth, MmioDevice, Stateful } from '../src/index.ts'

/** Memory-like, and logs what reaches it. */
class Recorder implements MmioDevice {
  readonly log: string[] = []
  answer = 0

  read(offset: number, width: DeviceWidth): number {
    this.log.push(`r${String(width)}@${offset.toString(16)}`)
    return this.answer
  }

  write(offset: number, width: DeviceWidth, value: number): void {
    this.log.push(`w${String(width)}@${offset.toString(16)}=${value.toString(16)}`)
  }
}

describe('the bus', () => {
  it('hands each access to the device whose range it lies in, with its offset', () => {
    const bus = new Bus()
    const [low, middle, high] = [new Recorder(), new Recorder(), new Recorder()]
    bus.map(0x3000, 0x1000, high)
    bus.map(0x1000, 0x1000, low)
    bus.map(0x2000, 0x10, middle)
    expect(bus.ranges.map(({ base }) => base)).toEqual([0x1000, 0x2000, 0x3000])
    middle.answer = 0xffff_fff5
    expect(bus.read(0x2004, 4)).toBe(0xffff_fff5n)
    expect(bus.read(0x2004, 2)).toBe(0xfff5n)
    expect(bus.read(0x2004, 1)).toBe(0xf5n)
    middle.answer = -1
    expect(bus.read(0x200c, 4)).toBe(0xffff_ffffn)
    expect(bus.write(0x1fff, 1, 0x1234n)).toBe(true)
    expect(bus.write(0x3000, 2, -1n)).toBe(true)
    expect(low.log).toEqual(['w1@fff=34'])
    expect(high.log).toEqual(['w2@0=ffff'])
    expect(middle.log).toEqual(['r4@4', 'r2@4', 'r1@4', 'r4@c'])
  })

  it('refuses what nobody answers and what crosses a device\'s end, reaching no device', () => {
    const bus = new Bus()
    const device = new Recorder()
    bus.map(0x1000, 0x10, device)
    bus.map(0x1010, 0x10, device)
    for (const [address, width] of [[0xfff, 1], [0x1020, 1], [0xfff, 2], [0x100d, 4], [0x100c, 8], [0x101f, 2], [-1, 4], [2 ** 60, 8], [NaN, 4]] as const) {
      expect(bus.read(address, width)).toBeUndefined()
      expect(bus.write(address, width, 0n)).toBe(false)
    }
    expect(device.log).toEqual([])
    expect(new Bus().read(0, 1)).toBeUndefined()
  })

  it('splits eight bytes into halves, low first, or leaves them whole for devices that can', () => {
    const bus = new Bus()
    const device = new Recorder()
    bus.map(0, 0x10, device)
    device.answer = 0x8000_0001
    expect(bus.read(8, 8)).toBe(0x8000_0001_8000_0001n)
    bus.write(0, 8, 0x1122_3344_5566_7788n)
    expect(device.log).toEqual(['r4@8', 'r4@c', 'w4@0=55667788', 'w4@4=11223344'])
    const written: bigint[] = []
    bus.map(0x10, 8, Object.assign(new Recorder(), { read64: () => -1n, write64: (_: number, value: bigint) => { written.push(value) } }))
    expect(bus.read(0x10, 8)).toBe(0xffff_ffff_ffff_ffffn)
    bus.write(0x10, 8, -2n)
    expect(written).toEqual([0xffff_ffff_ffff_fffen])
  })

  it('refuses overlaps and ranges that are none', () => {
    const bus = new Bus()
    bus.map(0x1000, 0x1000, new Recorder())
    for (const [base, size] of [[0x1000, 1], [0x1fff, 1], [0, 0x1001], [0, 0x10_0000], [0x1800, 0x1000]] as const) {
      expect(codeOf(() => { bus.map(base, size, new Recorder()) })).toBe('ERR_BUS_OVERLAP')
    }
    for (const [base, size] of [[0, 0], [-1, 1], [0.5, 1], [0, NaN], [2 ** 53, 1]] as const) {
      expect(codeOf(() => { bus.map(base, size, new Recorder()) })).toBe('ERR_BUS_RANGE')
    }
    bus.map(0x2000, 1, new Recorder())
    bus.map(0xfff, 1, new Recorder())
  })
})

const board = (): { bus: Bus; parts: Record<string, MmioDevice & Stateful>; clock: VirtualClock; console: MemoryConsole } => {
  const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 })
  const console = new MemoryConsole()
  const plic = new Plic({ sources: 96, contexts: [new Pin(), new Pin(), new Pin()] })
  const parts = {
    test: new SifiveTest({ onStop: () => undefined }),
    rtc: new GoldfishRtc({ irq: plic.line(11), clock, wallClock: guestWallClock(clock, 1_700_000_000_000_000_000n) }),
    aclint: new Aclint({ clock, cpus: [{ software: new Pin(), timer: new Pin() }, { software: new Pin(), timer: new Pin() }] }),
    plic,
    uart: new Ns16550a({ irq: plic.line(10), console }),
  }
  const bus = new Bus()
  bus.map(0x10_0000, parts.test.size, parts.test)
  bus.map(0x10_1000, parts.rtc.size, parts.rtc)
  bus.map(0x200_0000, parts.aclint.size, parts.aclint)
  bus.map(0xc00_0000, plic.size, plic)
  bus.map(0x1000_0000, parts.uart.size, parts.uart)
  return { bus, parts, clock, console }
}

describe('every device', () => {
  it.each([1, 2, 3])('answers any access at any offset and width, and stays one that can be saved (seed %i)', (seed) => {
    const { bus, parts, clock, console } = board()
    const next = random(seed * 7919)
    const ranges = bus.ranges
    const widths: readonly AccessWidth[] = [1, 2, 4, 8]
    for (let step = 0; step < 60_000; step++) {
      const range = ranges[next() % ranges.length]
      const width = widths[next() % 4]
      if (range === undefined || width === undefined) throw new Error('an empty table')
      // Half of the accesses go to where registers are dense.
      const span = next() % 2 === 0 ? range.size : Math.min(range.size, [0x20, 0x1200, 0x2200, 0xc000][next() % 4] ?? 0x20)
      const offset = next() % span
      const address = range.base + offset
      const fits = offset + width <= range.size
      if (next() % 2 === 0) {
        const value = bus.read(address, width)
        expect(value !== undefined).toBe(fits)
        if (value !== undefined && (value < 0n || value >> BigInt(width * 8) !== 0n)) throw new Error(`${String(value)} is wider than ${String(width)} bytes`)
      } else {
        const value = (BigInt(next()) << 32n) | BigInt(next() % 4 === 0 ? next() % 32 : next())
        expect(bus.write(address, width, value)).toBe(fits)
      }
      if (step % 16 === 0) {
        clock.retire(next() % 1000)
        clock.fireDue()
      }
      if (step % 64 === 0) console.type('some input')
    }
    for (const part of Object.values(parts)) {
      const state = part.save()
      part.restore(state)
      expect(part.save()).toEqual(state)
    }
  })

  it.each(Object.keys(board().parts))('%s refuses states it does not know and keeps its own', (name) => {
    const part = board().parts[name]
    if (part === undefined) throw new Error(`no part ${name}`)
    const state = part.save()
    expect(structuredClone(state)).toEqual(state)
    const fields = Object.keys(state).filter((key) => key !== 'version')
    for (const broken of [
      { ...state, version: state.version + 1 },
      { version: 0 },
      ...fields.map((key) => ({ ...state, [key]: 'nonsense' })),
      ...fields.map((key) => ({ ...state, [key]: -1 })),
      ...fields.map((key) => ({ ...state, [key]: [] })),
      ...fields.map((key) => Object.fromEntries(Object.entries(state).filter(([other]) => other !== key)) as typeof state),
    ]) {
      expect(codeOf(() => { part.restore(broken) })).toMatch(/^ERR_STATE_(VERSION|SHAPE)$/)
      expect(part.save()).toEqual(state)
    }
  })
})
