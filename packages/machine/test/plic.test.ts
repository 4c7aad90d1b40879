import { describe, expect, it } from 'vitest'
import { Plic } from '../src/index.ts'
import { codeOf, Pin } from './support.ts'

const enable = (context: number, word: number): number => 0x2000 + 0x80 * context + 4 * word
const threshold = (context: number): number => 0x20_0000 + 0x1000 * context
const claim = (context: number): number => threshold(context) + 4

const controller = (sources = 96, contexts = 2): { plic: Plic; pins: Pin[]; read: (offset: number) => number; write: (offset: number, value: number) => void } => {
  const pins = Array.from({ length: contexts }, () => new Pin())
  const plic = new Plic({ sources, contexts: pins })
  return { plic, pins, read: (offset) => plic.read(offset, 4), write: (offset, value) => { plic.write(offset, 4, value) } }
}

describe('plic', () => {
  it('delivers a level until it is claimed, and again after completion while it lasts', () => {
    const { plic, pins, read, write } = controller()
    const line = plic.line(10)
    write(40, 1)
    write(enable(1, 0), 1 << 10)
    line.set(true)
    expect(pins.map((pin) => pin.level)).toEqual([false, true])
    expect(read(0x1000)).toBe(1 << 10)
    expect(read(claim(0))).toBe(0)
    expect(read(claim(1))).toBe(10)
    expect(read(0x1000)).toBe(0)
    expect(pins[1]?.level).toBe(false)
    expect(read(claim(1))).toBe(0)
    line.set(true)
    expect(pins[1]?.level).toBe(false)
    write(claim(1), 10)
    expect(pins[1]?.level).toBe(true)
    expect(read(claim(1))).toBe(10)
    line.set(false)
    write(claim(1), 10)
    expect(pins[1]?.level).toBe(false)
  })

  it('keeps a request that was made, though the line falls', () => {
    const { plic, pins, read, write } = controller()
    write(4, 1)
    write(enable(0, 0), 2)
    plic.line(1).set(true)
    plic.line(1).set(false)
    expect(pins[0]?.level).toBe(true)
    expect(read(claim(0))).toBe(1)
    write(claim(0), 1)
    expect(pins[0]?.level).toBe(false)
  })

  it('serves the highest priority first, and of equals the lowest number', () => {
    const { plic, read, write } = controller()
    for (const [source, priority] of [[3, 2], [40, 7], [5, 7], [95, 1], [96, 0]] as const) {
      write(source * 4, priority)
      plic.line(source).set(true)
    }
    for (const word of [0, 1, 2, 3]) write(enable(0, word), 0xffff_ffff)
    expect([read(claim(0)), read(claim(0)), read(claim(0)), read(claim(0)), read(claim(0))]).toEqual([5, 40, 3, 95, 0])
  })

  it('holds back priorities up to the threshold, except from claims', () => {
    const { plic, pins, read, write } = controller()
    write(4, 3)
    write(enable(0, 0), 2)
    write(threshold(0), 3)
    plic.line(1).set(true)
    expect(pins[0]?.level).toBe(false)
    write(threshold(0), 2)
    expect(pins[0]?.level).toBe(true)
    write(threshold(0), 7)
    expect(read(claim(0))).toBe(1)
  })

  it('ignores completions of sources the context has not enabled or claimed', () => {
    const { plic, pins, read, write } = controller()
    write(4, 1)
    write(enable(0, 0), 2)
    plic.line(1).set(true)
    write(claim(0), 1)
    expect(read(0x1000)).toBe(2)
    expect(read(claim(0))).toBe(1)
    write(claim(1), 1)
    write(claim(0), 97)
    write(claim(0), 0)
    write(claim(0), 0xffff_ffff)
    expect(pins[0]?.level).toBe(false)
    write(claim(0), 1)
    expect(pins[0]?.level).toBe(true)
  })

  it('lets one context claim what several were told of', () => {
    const { plic, pins, read, write } = controller(96, 3)
    write(8, 1)
    write(enable(0, 0), 4)
    write(enable(2, 0), 4)
    plic.line(2).set(true)
    expect(pins.map((pin) => pin.level)).toEqual([true, false, true])
    expect(read(claim(2))).toBe(2)
    expect(pins.map((pin) => pin.level)).toEqual([false, false, false])
    expect(read(claim(0))).toBe(0)
  })

  it('has registers only for sources that exist', () => {
    const { read, write } = controller(5)
    write(0, 7)
    write(5 * 4, 0xff)
    write(6 * 4, 7)
    expect([read(0), read(20), read(24)]).toEqual([0, 7, 0])
    write(enable(0, 0), 0xffff_ffff)
    write(enable(0, 1), 0xffff_ffff)
    expect([read(enable(0, 0)), read(enable(0, 1))]).toEqual([0x3e, 0])
    write(0x1000, 0xffff_ffff)
    expect(read(0x1000)).toBe(0)
    write(threshold(0), 0xff)
    expect(read(threshold(0))).toBe(7)
    expect(read(threshold(5))).toBe(0)
  })

  it('works with the last source and with all words full', () => {
    const { plic, pins, read, write } = controller(1023, 1)
    expect(plic.size).toBe(0x60_0000)
    for (let word = 0; word < 32; word++) write(enable(0, word), 0xffff_ffff)
    expect(read(enable(0, 0))).toBe(0xffff_fffe)
    expect(read(enable(0, 31))).toBe(0xffff_ffff)
    write(1023 * 4, 1)
    plic.line(1023).set(true)
    expect(read(0x1000 + 31 * 4)).toBe(0x8000_0000)
    expect(pins[0]?.level).toBe(true)
    expect(read(claim(0))).toBe(1023)
  })

  it('refuses options out of range', () => {
    expect(codeOf(() => new Plic({ sources: 0, contexts: [new Pin()] }))).toBe('ERR_MACHINE_OPTION')
    expect(codeOf(() => new Plic({ sources: 1024, contexts: [new Pin()] }))).toBe('ERR_MACHINE_OPTION')
    expect(codeOf(() => new Plic({ sources: 1, contexts: [] }))).toBe('ERR_MACHINE_OPTION')
    const { plic } = controller(5)
    for (const source of [0, 6, 1.5, NaN]) expect(codeOf(() => plic.line(source))).toBe('ERR_MACHINE_OPTION')
  })

  it('goes on from a saved state in the middle of a service', () => {
    const first = controller()
    first.write(4, 1)
    first.write(8, 2)
    first.write(enable(0, 0), 6)
    first.plic.line(1).set(true)
    first.plic.line(2).set(true)
    first.read(claim(0))
    const second = controller()
    second.plic.restore(structuredClone(first.plic.save()))
    expect(second.pins[0]?.level).toBe(true)
    expect(second.read(claim(0))).toBe(1)
    expect(second.pins[0]?.level).toBe(false)
    second.write(claim(0), 2)
    expect(second.read(claim(0))).toBe(2)
    expect(codeOf(() => { controller(96, 1).plic.restore(first.plic.save()) })).toBe('ERR_STATE_SHAPE')
    expect(codeOf(() => { controller(5).plic.restore(first.plic.save()) })).toBe('ERR_STATE_SHAPE')
  })
})
