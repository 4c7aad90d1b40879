import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { GuestMemory, gunzip, LoaderError, linuxImage, loadAt, loadHigh, loadKernel, placeHigh, readElf } from '../src/index.ts'
import { codeOf, codeOfAsync, random } from './support.ts'
import type { KernelMachine } from '../src/index.ts'

const base = 0x8000_0000
const ram = (size = 0x40_0000): GuestMemory => GuestMemory.create({ size })
const machine: KernelMachine = { elf: 243, image: 'RSC\x05' }

const image = (options: { magic?: string; textOffset?: bigint; imageSize?: bigint; length?: number; flags?: bigint; efi?: boolean } = {}): Uint8Array => {
  const bytes = new Uint8Array(options.length ?? 0x1000).fill(0x5a, 64)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(8, options.textOffset ?? 0x20_0000n, true)
  view.setBigUint64(16, options.imageSize ?? 0x3000n, true)
  view.setBigUint64(24, options.flags ?? 0n, true)
  bytes.set(Uint8Array.from(options.magic ?? 'RSC\x05', (character) => character.charCodeAt(0)), 0x38)
  if (options.efi === true) {
    view.setUint32(0x3c, 0x40, true)
    view.setUint32(0x40, 0x5045_0000)
    view.setUint16(0x46, 1, true)
    view.setUint16(0x54, 0, true)
    view.setUint32(0x58 + 16, 0xe00, true)
    view.setUint32(0x58 + 20, 0x200, true)
  }
  return bytes
}

interface Segment {
  physical: bigint
  virtual?: bigint
  bytes: number[]
  memory?: bigint
  type?: number
}
const elf = (segments: readonly Segment[], options: { entry?: bigint; little?: boolean; machine?: number; type?: number } = {}): Uint8Array => {
  const little = options.little ?? true
  const dataAt = 64 + 56 * segments.length
  const bytes = new Uint8Array(dataAt + segments.reduce((sum, segment) => sum + segment.bytes.length, 0))
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1])
  view.setUint16(16, options.type ?? 2, little)
  view.setUint16(18, options.machine ?? 243, little)
  view.setBigUint64(24, options.entry ?? segments[0]?.virtual ?? segments[0]?.physical ?? 0n, little)
  view.setBigUint64(32, 64n, little)
  view.setUint16(54, 56, little)
  view.setUint16(56, segments.length, little)
  let at = dataAt
  segments.forEach((segment, index) => {
    const header = 64 + 56 * index
    view.setUint32(header, segment.type ?? 1, little)
    ;[at, segment.virtual ?? segment.physical, segment.physical, segment.bytes.length, segment.memory ?? segment.bytes.length].forEach((value, field) => {
      view.setBigUint64(header + 8 + field * 8, BigInt(value), little)
    })
    bytes.set(segment.bytes, at)
    at += segment.bytes.length
  })
  return bytes
}

describe('a Linux Image', () => {
  it('goes where its header says, with room for its zeroed data', () => {
    const memory = ram()
    memory.fill(base, memory.size, 0xee)
    const kernel = loadKernel(memory, image(), { machine })
    expect(kernel).toEqual({ start: base + 0x20_0000, end: base + 0x20_3000, entry: base + 0x20_0000, format: 'linux-image' })
    expect([...memory.read(base + 0x20_0fff, 2)]).toEqual([0x5a, 0])
    expect([...memory.read(base + 0x20_2fff, 2)]).toEqual([0, 0xee])
  })

  it('goes where the caller says', () => {
    expect(loadKernel(ram(), image(), { at: base + 0x1000 }).entry).toBe(base + 0x1000)
  })

  it('has a header that is told from other bytes', () => {
    expect(linuxImage(image({ magic: 'ARM\x64', textOffset: 0n, flags: 1n }))).toEqual({ magic: 'ARM\x64', textOffset: 0, imageSize: 0x3000, bigEndian: true, fileSize: 0 })
    expect(linuxImage(image().subarray(0, 63))).toBeUndefined()
    expect(linuxImage(new Uint8Array(1000))).toBeUndefined()
    expect(codeOf(() => linuxImage(image({ imageSize: 2n ** 40n })))).toBe('ERR_LOADER_FORMAT')
  })

  it('is refused for another processor, cut off, or too large, leaving memory alone', () => {
    const memory = ram()
    expect(codeOf(() => loadKernel(memory, image({ magic: 'ARM\x64' }), { machine }))).toBe('ERR_LOADER_MACHINE')
    expect(codeOf(() => loadKernel(memory, image({ flags: 1n }), { machine }))).toBe('ERR_LOADER_MACHINE')
    expect(codeOf(() => loadKernel(memory, image(), { machine: { elf: 21 } }))).toBe('ERR_LOADER_MACHINE')
    expect(codeOf(() => loadKernel(memory, image({ imageSize: 0x30_0000n }), { machine }))).toBe('ERR_LOADER_SPACE')
    expect(codeOf(() => loadKernel(memory, image(), { at: base - 0x1000 }))).toBe('ERR_LOADER_SPACE')
    expect(codeOf(() => loadKernel(memory, image(), { occupied: [{ start: base + 0x20_2fff, end: base + 0x30_0000 }] }))).toBe('ERR_LOADER_OVERLAP')
    const efi = image({ efi: true })
    expect(codeOf(() => loadKernel(memory, efi.subarray(0, 0xfff), { machine }))).toBe('ERR_LOADER_TRUNCATED')
    expect(codeOf(() => loadKernel(memory, efi.subarray(0, 0x5a), { machine }))).toBe('ERR_LOADER_TRUNCATED')
    expect(memory.save()['pages']).toEqual(new Uint8Array(0))
    expect(loadKernel(memory, efi, { machine }).format).toBe('linux-image')
  })
})

describe('an ELF file', () => {
  const segments: readonly Segment[] = [
    { physical: 0x8010_0000n, virtual: 0xffff_ffff_8000_0000n, bytes: [1, 2, 3, 4], memory: 0x2000n },
    { physical: 0x8010_2000n, virtual: 0xffff_ffff_8000_2000n, bytes: [5, 6] },
    { physical: 0n, bytes: [9], type: 4 },
  ]

  it.each([true, false])('is placed by physical address, its entry translated (little-endian: %s)', (little) => {
    const memory = ram()
    memory.fill(base, memory.size, 0xee)
    const kernel = loadKernel(memory, elf(segments, { little, entry: 0xffff_ffff_8000_0002n }), { machine: { elf: 243, bigEndian: !little } })
    expect(kernel).toEqual({ start: 0x8010_0000, end: 0x8010_2002, entry: 0x8010_0002, format: 'elf' })
    expect([...memory.read(0x8010_0000, 5)]).toEqual([1, 2, 3, 4, 0])
    expect([...memory.read(0x8010_1fff, 4)]).toEqual([0, 5, 6, 0xee])
  })

  it('moves as a whole to where the caller says', () => {
    const memory = ram()
    expect(loadKernel(memory, elf(segments), { at: base })).toMatchObject({ start: base, end: base + 0x2002, entry: base })
    expect([...memory.read(base + 0x2000, 2)]).toEqual([5, 6])
  })

  it('is refused, memory untouched, when it is not what is wanted', () => {
    const memory = ram()
    const refusal = (bytes: Uint8Array, options = {}): string => codeOf(() => loadKernel(memory, bytes, options))
    expect(refusal(elf(segments, { machine: 62 }), { machine })).toBe('ERR_LOADER_MACHINE')
    expect(refusal(elf(segments, { little: false }), { machine })).toBe('ERR_LOADER_MACHINE')
    expect(refusal(elf(segments, { entry: 5n }))).toBe('ERR_LOADER_FORMAT')
    expect(refusal(elf(segments, { type: 1 }))).toBe('ERR_LOADER_FORMAT')
    expect(refusal(elf([]))).toBe('ERR_LOADER_FORMAT')
    expect(refusal(elf([{ physical: 0x8000_0000n, bytes: [1, 2], memory: 1n }]))).toBe('ERR_LOADER_FORMAT')
    expect(refusal(elf([{ physical: 0x8000_0000n, bytes: [1], memory: 2n ** 63n }]))).toBe('ERR_LOADER_FORMAT')
    expect(refusal(elf([{ physical: 0n, bytes: [1] }]))).toBe('ERR_LOADER_SPACE')
    expect(refusal(elf([{ physical: 2n ** 64n - 1n, bytes: [1] }]))).toBe('ERR_LOADER_SPACE')
    expect(refusal(elf([{ physical: 0x8000_0000n, bytes: [1], memory: 0x1000_0000n }]))).toBe('ERR_LOADER_SPACE')
    expect(refusal(elf([{ physical: 0x8000_0000n, bytes: [1, 2] }, { physical: 0x8000_0001n, bytes: [3] }]))).toBe('ERR_LOADER_OVERLAP')
    expect(refusal(elf(segments), { occupied: [{ start: 0x8010_1000, end: 0x8010_1001 }] })).toBe('ERR_LOADER_OVERLAP')
    const narrow = elf(segments)
    narrow[4] = 1
    expect(refusal(narrow)).toBe('ERR_LOADER_FORMAT')
    expect(memory.save()['pages']).toEqual(new Uint8Array(0))
  })

  it('is refused at every length it can be cut to', () => {
    const whole = elf(segments.slice(0, 2))
    for (let length = 4; length < whole.length; length++) expect(codeOf(() => readElf(whole.subarray(0, length)))).toBe('ERR_LOADER_TRUNCATED')
    expect(readElf(whole).segments.length).toBe(2)
  })

  it('never causes anything but a LoaderError, whatever bytes change', () => {
    const memory = ram(0x10_0000)
    const whole = elf([{ physical: 0x8000_0000n, bytes: [1, 2, 3], memory: 100n }, { physical: 0x8000_1000n, bytes: [1] }])
    const next = random(7)
    for (let round = 0; round < 5000; round++) {
      const bytes = whole.slice()
      for (let count = 1 + (next() % 3); count > 0; count--) bytes[4 + (next() % (bytes.length - 4))] = next() & 0xff
      try {
        loadKernel(memory, bytes, { at: round % 2 ? base : 0x8000_2000 })
      } catch (error) {
        expect(error).toBeInstanceOf(LoaderError)
      }
    }
  })
})

describe('other kernels', () => {
  it('are raw bytes for the start of RAM', () => {
    const memory = ram()
    expect(loadKernel(memory, Uint8Array.of(1, 2, 3), { machine })).toEqual({ start: base, end: base + 3, entry: base, format: 'raw' })
    expect([...memory.read(base, 3)]).toEqual([1, 2, 3])
    expect(codeOf(() => loadKernel(memory, new Uint8Array(0x40_0001)))).toBe('ERR_LOADER_SPACE')
  })

  it('are refused when empty, compressed, or made for firmware of another kind', () => {
    expect(codeOf(() => loadKernel(ram(), new Uint8Array(0)))).toBe('ERR_LOADER_TRUNCATED')
    expect(codeOf(() => loadKernel(ram(), gzipSync('kernel')))).toBe('ERR_LOADER_FORMAT')
    expect(codeOf(() => loadKernel(ram(), Uint8Array.of(0x4d, 0x5a, 0, 0, 1)))).toBe('ERR_LOADER_MACHINE')
  })
})

describe('gzip', () => {
  afterEach(() => { vi.unstubAllGlobals() })
  const plain = new Uint8Array(100_000).map((_, index) => index)
  const packed = new Uint8Array(gzipSync(plain))

  it('is undone by the host or by what is passed in; other bytes stay as they are', async () => {
    expect(Buffer.compare(await gunzip(packed), plain)).toBe(0)
    expect(Buffer.compare(await gunzip(packed, { inflate: (bytes) => gunzipSync(bytes) }), plain)).toBe(0)
    expect(await gunzip(plain)).toBe(plain)
  })

  it('is refused when damaged, cut off, or too large', async () => {
    const damaged = packed.slice()
    damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 0xff
    for (const bytes of [damaged, packed.subarray(0, packed.length - 9), packed.subarray(0, 12)]) {
      expect(await codeOfAsync(() => gunzip(bytes))).toBe('ERR_LOADER_INFLATE')
      expect(await codeOfAsync(() => gunzip(bytes, { inflate: (input) => gunzipSync(input) }))).toBe('ERR_LOADER_INFLATE')
    }
    expect(await codeOfAsync(() => gunzip(packed, { limit: 99_999 }))).toBe('ERR_LOADER_INFLATE')
    expect(await codeOfAsync(() => gunzip(packed, { limit: 99_999, inflate: (input) => gunzipSync(input) }))).toBe('ERR_LOADER_INFLATE')
  })

  it('says so where nobody can undo it', async () => {
    vi.stubGlobal('DecompressionStream', undefined)
    expect(await codeOfAsync(() => gunzip(packed))).toBe('ERR_LOADER_INFLATE')
  })
})

describe('placement', () => {
  it('finds the highest room, around what is there', () => {
    const memory = ram(0x10_0000)
    expect(placeHigh(memory, 0x1001)).toBe(0x800f_e000)
    expect(placeHigh(memory, 0x1000, { occupied: [{ start: 0x800f_f800, end: 0x8010_0000 }] })).toBe(0x800f_e000)
    expect(placeHigh(memory, 0x1000, { occupied: [{ start: 0x800f_e000, end: 0x800f_f000 }, { start: 0x800f_f000, end: 0x8010_0000 }] })).toBe(0x800f_d000)
    expect(placeHigh(memory, 0x1000, { occupied: [{ start: base, end: 0x800f_f000 }] })).toBe(0x800f_f000)
    expect(placeHigh(memory, 1, { below: 0x8008_0000, align: 0x1_0000 })).toBe(0x8007_0000)
    expect(placeHigh(memory, 0x10_0000)).toBe(base)
  })

  it('refuses what finds no room', () => {
    const memory = ram(0x10_0000)
    expect(codeOf(() => placeHigh(memory, 0x10_0001))).toBe('ERR_LOADER_SPACE')
    expect(codeOf(() => loadHigh(memory, new Uint8Array(0x1001), { occupied: [{ start: base + 0x1000, end: base + 0xf_f000 }] }))).toBe('ERR_LOADER_SPACE')
    expect(codeOf(() => loadAt(memory, base + 0xf_ffff, new Uint8Array(2)))).toBe('ERR_LOADER_SPACE')
    expect(codeOf(() => loadAt(memory, base, new Uint8Array(2), { occupied: [{ start: base + 1, end: base + 2 }] }))).toBe('ERR_LOADER_OVERLAP')
  })

  it('writes the bytes there', () => {
    const memory = ram(0x10_0000)
    const range = loadHigh(memory, Uint8Array.of(1, 2, 3))
    expect(range).toEqual({ start: 0x800f_f000, end: 0x800f_f003 })
    expect([...memory.read(range.start, 3)]).toEqual([1, 2, 3])
    expect(loadAt(memory, base, Uint8Array.of(7))).toEqual({ start: base, end: base + 1 })
  })
})
