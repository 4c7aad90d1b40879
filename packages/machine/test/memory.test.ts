import { describe, expect, it } from 'vitest'
import { GuestMemory, guestMemoryLimit, MemoryError } from '../src/index.ts'
import { codeOf } from './support.ts'

describe('guest memory', () => {
  it('lays RAM behind the private area, aligned to 64 KiB, in one shared memory that cannot move', () => {
    const memory = GuestMemory.create({ size: 0x3000, reserved: 100 })
    expect(memory.offset).toBe(0x1_0000)
    expect(memory.base).toBe(0x8000_0000)
    expect(memory.memory.buffer.byteLength).toBe(0x2_0000)
    expect(memory.memory.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(() => memory.memory.grow(1)).toThrow()
    expect(memory.bytes.length).toBe(0x3000)
    memory.view.setUint8(1, 7)
    expect(new Uint8Array(memory.memory.buffer)[0x1_0001]).toBe(7)
  })

  it('is not shared where that is not wanted', () => {
    const memory = GuestMemory.create({ size: 4096, shared: false })
    expect(memory.shared).toBe(false)
    expect(memory.memory.buffer).toBeInstanceOf(ArrayBuffer)
  })

  it.each([
    [{ size: 0 }],
    [{ size: -4096 }],
    [{ size: 4095 }],
    [{ size: NaN }],
    [{ size: 2 ** 33 }],
    [{ size: guestMemoryLimit, reserved: 1 }],
    [{ size: 4096, base: 1 }],
    [{ size: 4096, base: -4096 }],
    [{ size: 4096, base: 2 ** 53 }],
    [{ size: 4096, reserved: -1 }],
    [{ size: 4096, reserved: 0.5 }],
  ])('refuses %j with numbers in the message', (options) => {
    expect(codeOf(() => GuestMemory.create(options))).toBe('ERR_MEMORY_SIZE')
    expect(() => GuestMemory.create(options)).toThrow(MemoryError)
    expect(() => GuestMemory.create(options)).toThrow(/\d|NaN/)
  })

  it('gives the private area away piece by piece until it is used up', () => {
    const memory = GuestMemory.create({ size: 4096, reserved: 0x1_0000 })
    expect(memory.reserve(10)).toBe(0)
    expect(memory.reserve(10)).toBe(64)
    expect(memory.reserve(1, 4096)).toBe(4096)
    expect(codeOf(() => memory.reserve(0x1_0000))).toBe('ERR_MEMORY_RESERVE')
    expect(codeOf(() => memory.reserve(1, 3))).toBe('ERR_MEMORY_RESERVE')
    expect(codeOf(() => memory.reserve(-1))).toBe('ERR_MEMORY_RESERVE')
    expect(memory.reserve(0x1_0000 - 8192, 4096)).toBe(8192)
    expect(codeOf(() => memory.reserve(1, 1))).toBe('ERR_MEMORY_RESERVE')
  })

  it('reads and writes to the last byte and not beyond', () => {
    const memory = GuestMemory.create({ size: 8192 })
    const last = memory.base + 8191
    memory.write(last, Uint8Array.of(9))
    expect([...memory.read(last, 1)]).toEqual([9])
    expect(memory.read(memory.base + 8192, 0).length).toBe(0)
    for (const [address, length] of [[last, 2], [memory.base - 1, 1], [memory.base, 8193], [0, 1], [NaN, 1], [memory.base, -1], [memory.base + 0.5, 1], [Infinity, 0]] as const) {
      expect(memory.contains(address, length) && Number.isInteger(address)).toBe(false)
      expect(codeOf(() => memory.read(address, length))).toBe('ERR_MEMORY_RANGE')
    }
    expect(codeOf(() => { memory.write(last, Uint8Array.of(1, 2)) })).toBe('ERR_MEMORY_RANGE')
    expect([...memory.read(last, 1)]).toEqual([9])
    expect(codeOf(() => { memory.fill(last, 2, 1) })).toBe('ERR_MEMORY_RANGE')
    const copy = memory.read(last, 1)
    copy[0] = 1
    expect(memory.bytes[8191]).toBe(9)
  })

  it('tells listeners of writes, until they leave', () => {
    const memory = GuestMemory.create({ size: 8192 })
    const seen: [number, number][] = []
    const leave = memory.onWrite((address, length) => seen.push([address, length]))
    memory.write(memory.base + 4, Uint8Array.of(1, 2, 3))
    memory.fill(memory.base, 16, 0xff)
    leave()
    memory.fill(memory.base, 1)
    expect(seen).toEqual([[0x8000_0004, 3], [0x8000_0000, 16]])
  })

  it('saves only pages that hold something and restores exactly', () => {
    const memory = GuestMemory.create({ size: 0x10_0000, reserved: 1 })
    memory.write(memory.base + 4095, Uint8Array.of(1, 2))
    memory.write(memory.base + 0xf_ffff, Uint8Array.of(3))
    const state = memory.save()
    expect((state['bytes'] as Uint8Array).length).toBe(3 * 4096)
    const before = memory.bytes.slice()
    memory.fill(memory.base + 0x5000, 0x2000, 0xaa)
    memory.write(memory.base, Uint8Array.of(8))
    const told: number[] = []
    memory.onWrite((address, length) => told.push(address, length))
    memory.restore(state)
    expect(Buffer.compare(memory.bytes, before)).toBe(0)
    expect(told).toEqual([memory.base, memory.size])
  })

  it('refuses states of other shapes and stays as it was', () => {
    const memory = GuestMemory.create({ size: 0x4000 })
    memory.fill(memory.base, 0x4000, 5)
    const state = memory.save()
    const before = memory.bytes.slice()
    const pages = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer)
    for (const broken of [
      { ...state, version: 2 },
      { ...state, size: 0x8000 },
      { ...state, base: 0 },
      { ...state, pages: pages(0, 1, 2, 4) },
      { ...state, pages: pages(0, 2, 1, 3) },
      { ...state, pages: pages(0, 1, 2) },
      { ...state, pages: new Uint8Array(3) },
      { ...state, bytes: new Uint8Array(5) },
      { ...state, bytes: 'text' },
      { version: 1 },
    ]) {
      expect(codeOf(() => { memory.restore(broken) })).toMatch(/^ERR_STATE_(VERSION|SHAPE)$/)
      expect(Buffer.compare(memory.bytes, before)).toBe(0)
    }
  })
})
