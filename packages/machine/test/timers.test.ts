import { describe, expect, it } from 'vitest'
import { Aclint, Bus, GoldfishRtc, guestWallClock, HostClock, SifiveTest, VirtualClock } from '../src/index.ts'
import { Pin } from './support.ts'
import type { GuestStop } from '../src/index.ts'

const virtual = (): VirtualClock => new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 1 })
const pass = (clock: VirtualClock, ticks: number): void => {
  clock.retire(ticks)
  clock.fireDue()
}

const interruptor = (clock = virtual(), count = 2): { clock: VirtualClock; bus: Bus; aclint: Aclint; software: Pin[]; timer: Pin[] } => {
  const software = Array.from({ length: count }, () => new Pin())
  const timer = Array.from({ length: count }, () => new Pin())
  const aclint = new Aclint({ clock, cpus: software.map((pin, index) => ({ software: pin, timer: timer[index] ?? new Pin() })) })
  const bus = new Bus()
  bus.map(0, aclint.size, aclint)
  return { clock, bus, aclint, software, timer }
}

describe('aclint', () => {
  it('drives each CPU\'s software interrupt by bit 0', () => {
    const { bus, software } = interruptor()
    bus.write(4, 4, 0xffff_ffffn)
    expect(software.map((pin) => pin.level)).toEqual([false, true])
    expect(bus.read(4, 4)).toBe(1n)
    expect(bus.read(0, 8)).toBe(1n << 32n)
    bus.write(4, 4, 0xffff_fffen)
    expect(software[1]?.level).toBe(false)
    bus.write(8, 4, 1n)
    expect(bus.read(8, 4)).toBe(0n)
  })

  it('raises the timer when the time reaches the comparator, and lowers it when that moves on', () => {
    const { bus, clock, timer } = interruptor()
    expect(bus.read(0x4000, 8)).toBe(2n ** 64n - 1n)
    bus.write(0x4008, 8, 100n)
    pass(clock, 99)
    expect(timer[1]?.level).toBe(false)
    pass(clock, 1)
    expect(bus.read(0xbff8, 8)).toBe(100n)
    expect(timer.map((pin) => pin.level)).toEqual([false, true])
    bus.write(0x4008, 8, 150n)
    expect(timer[1]?.level).toBe(false)
    bus.write(0x4008, 8, 100n)
    expect(timer[1]?.level).toBe(true)
  })

  it('takes comparators and time in halves too', () => {
    const { bus, clock, timer } = interruptor()
    bus.write(0x4004, 4, 0n)
    bus.write(0x4000, 4, 50n)
    expect(bus.read(0x4000, 8)).toBe(50n)
    expect([bus.read(0x4000, 4), bus.read(0x4004, 4)]).toEqual([50n, 0n])
    pass(clock, 50)
    expect(timer[0]?.level).toBe(true)
    bus.write(0xbffc, 4, 7n)
    expect(bus.read(0xbff8, 8)).toBe((7n << 32n) + 50n)
    bus.write(0xbff8, 4, 1n)
    expect(bus.read(0xbff8, 4)).toBe(1n)
    expect(bus.read(0xbffc, 4)).toBe(7n)
  })

  it('follows when the guest sets the time, back and forth', () => {
    const { bus, clock, timer } = interruptor()
    bus.write(0x4000, 8, 1000n)
    bus.write(0xbff8, 8, 990n)
    expect(timer[0]?.level).toBe(false)
    pass(clock, 10)
    expect(timer[0]?.level).toBe(true)
    bus.write(0xbff8, 8, 0n)
    expect(timer[0]?.level).toBe(false)
    expect(clock.nextDeadline()).toBe(1010)
    bus.write(0xbff8, 8, 2n ** 64n - 1n)
    expect(timer[0]?.level).toBe(true)
    pass(clock, 2)
    expect(bus.read(0xbff8, 8)).toBe(1n)
  })

  it('leaves no timer behind for a comparator that is out of reach', () => {
    const { bus, clock } = interruptor()
    bus.write(0x4000, 8, 2n ** 63n)
    expect(clock.nextDeadline()).toBe(Infinity)
    for (let index = 0; index < 1000; index++) bus.write(0x4000, 8, 1_000_000n + BigInt(index))
    bus.write(0x4000, 8, 2n ** 64n - 1n)
    expect(clock.nextDeadline()).toBe(Infinity)
  })

  it('goes on from a saved state, timers included', () => {
    const first = interruptor()
    first.bus.write(0, 4, 1n)
    first.bus.write(0xbff8, 8, 5000n)
    first.bus.write(0x4008, 8, 5100n)
    pass(first.clock, 30)
    const second = interruptor()
    second.clock.restore(first.clock.save())
    second.aclint.restore(structuredClone(first.aclint.save()))
    expect(second.software[0]?.level).toBe(true)
    expect(second.clock.nextDeadline()).toBe(100)
    pass(second.clock, 70)
    expect(second.timer.map((pin) => pin.level)).toEqual([false, true])
    expect(second.aclint.time).toBe(5100n)
  })

  it('works by the host\'s time', () => {
    let milliseconds = 0
    const clock = new HostClock({ frequency: 10_000_000, now: () => milliseconds })
    const timer = new Pin()
    const aclint = new Aclint({ clock, cpus: [{ software: new Pin(), timer }] })
    aclint.write64(0x4000, 10_000n)
    milliseconds = 1
    expect(aclint.read64(0xbff8)).toBe(10_000n)
    clock.fireDue()
    expect(timer.level).toBe(true)
  })
})

const start = 1_700_000_000_123_456_789n
const rtcWith = (clock: VirtualClock): { rtc: GoldfishRtc; irq: Pin; time: () => bigint; read: (offset: number) => number; write: (offset: number, value: bigint) => void } => {
  const irq = new Pin()
  const rtc = new GoldfishRtc({ irq, clock, wallClock: guestWallClock(clock, start) })
  const read = (offset: number): number => rtc.read(offset, 4)
  const write = (offset: number, value: bigint): void => { rtc.write(offset, 4, Number(BigInt.asUintN(32, value))) }
  return { rtc, irq, read, write, time: () => BigInt(read(0)) | (BigInt(read(4)) << 32n) }
}

describe('goldfish-rtc', () => {
  it('tells nanoseconds, with the high half latched by the low one', () => {
    const clock = virtual()
    const { read, time } = rtcWith(clock)
    expect(time()).toBe(start)
    clock.retire(10_000_000)
    expect(time()).toBe(start + 1_000_000_000n)
    read(0)
    clock.retire(1_000_000_000)
    expect(read(4)).toBe(Number((start + 1_000_000_000n) >> 32n))
  })

  it('keeps the time the guest sets', () => {
    const clock = virtual()
    const { time, write } = rtcWith(clock)
    const wanted = 946_684_800_000_000_000n
    write(4, wanted >> 32n)
    write(0, wanted)
    expect(time()).toBe(wanted)
    clock.retire(50)
    expect(time()).toBe(wanted + 5000n)
  })

  it('raises its alarm at the time, once, if the interrupt is enabled', () => {
    const clock = virtual()
    const { irq, read, write } = rtcWith(clock)
    const alarm = start + 1_000_000n
    write(0x0c, alarm >> 32n)
    write(0x08, alarm)
    write(0x10, 1n)
    expect([read(0x18), read(0x10)]).toEqual([1, 1])
    expect(BigInt(read(0x08)) | (BigInt(read(0x0c)) << 32n)).toBe(alarm)
    pass(clock, 9_999)
    expect(irq.level).toBe(false)
    pass(clock, 1)
    expect([irq.level, read(0x18)]).toEqual([true, 0])
    write(0x1c, 1n)
    expect(irq.level).toBe(false)
    pass(clock, 100_000)
    expect(irq.level).toBe(false)
  })

  it('raises an alarm of the past at once, and none that was cleared', () => {
    const clock = virtual()
    const { irq, read, write } = rtcWith(clock)
    write(0x10, 1n)
    write(0x0c, 0n)
    write(0x08, 5n)
    expect(irq.level).toBe(true)
    write(0x10, 0n)
    expect(irq.level).toBe(false)
    write(0x1c, 1n)
    write(0x10, 1n)
    write(0x0c, (start + 100_000n) >> 32n)
    write(0x08, start + 100_000n)
    expect(read(0x18)).toBe(1)
    write(0x14, 1n)
    expect(read(0x18)).toBe(0)
    pass(clock, 1_000_000)
    expect(irq.level).toBe(false)
  })

  it('waits on if the wall clock was set back', () => {
    const clock = virtual()
    const irq = new Pin()
    let wall = 1_000_000n
    const rtc = new GoldfishRtc({ irq, clock, wallClock: () => wall })
    rtc.write(0x10, 4, 1)
    rtc.write(0x08, 4, 2_000_000)
    wall = 0n
    pass(clock, 10_000)
    expect(irq.level).toBe(false)
    wall = 2_000_000n
    pass(clock, 20_000)
    expect(irq.level).toBe(true)
  })

  it('goes on from a saved state, alarm and set time included', () => {
    const clock = virtual()
    const first = rtcWith(clock)
    first.write(0, 5n)
    first.write(4, 5n)
    const alarm = first.time() + 1000n
    first.write(0x10, 1n)
    first.write(0x0c, alarm >> 32n)
    first.write(0x08, alarm)
    const other = virtual()
    other.restore(clock.save())
    const second = rtcWith(other)
    second.rtc.restore(structuredClone(first.rtc.save()))
    expect(second.time()).toBe(first.time())
    pass(other, 10)
    expect(second.irq.level).toBe(true)
  })
})

describe('sifive-test', () => {
  it.each<[number, 2 | 4, GuestStop]>([
    [0x5555, 4, { kind: 'poweroff', code: 0 }],
    [0x5555, 2, { kind: 'poweroff', code: 0 }],
    [0x7777, 4, { kind: 'reset', code: 0 }],
    [0x0007_3333, 4, { kind: 'fail', code: 7 }],
    [0xffff_3333, 4, { kind: 'fail', code: 0xffff }],
  ])('takes %i of %i bytes', (value, width, expected) => {
    const stops: GuestStop[] = []
    new SifiveTest({ onStop: (stop) => stops.push(stop) }).write(0, width, value)
    expect(stops).toEqual([expected])
  })

  it('ignores everything else', () => {
    const stops: GuestStop[] = []
    const device = new SifiveTest({ onStop: (stop) => stops.push(stop) })
    device.write(0, 4, 0)
    device.write(0, 1, 0x55)
    device.write(4, 4, 0x5555)
    expect(stops).toEqual([])
    expect(device.read()).toBe(0)
  })
})
