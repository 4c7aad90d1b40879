import { describe, expect, it } from 'vitest'
import { ConsolePipe, MemoryConsole } from '../src/index.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const text = (pieces: readonly Uint8Array[]): string[] => pieces.map((piece) => Buffer.from(piece).toString())

describe('a console pipe', () => {
  it('gathers output until the turn ends', async () => {
    const pieces: Uint8Array[] = []
    const pipe = new ConsolePipe({ output: (piece) => pieces.push(piece) })
    for (const character of 'hello') pipe.write(bytes(character))
    expect(pieces).toEqual([])
    await Promise.resolve()
    expect(text(pieces)).toEqual(['hello'])
    pipe.write(bytes('a'))
    pipe.flush()
    pipe.flush()
    pipe.write(bytes('b'))
    await Promise.resolve()
    expect(text(pieces)).toEqual(['hello', 'a', 'b'])
  })

  it('hands over long output in pieces, losing nothing', () => {
    const pieces: Uint8Array[] = []
    const pipe = new ConsolePipe({ output: (piece) => pieces.push(piece) })
    const long = 'x'.repeat(4096) + 'y'.repeat(5000)
    pipe.write(bytes(long))
    pipe.flush()
    expect(pieces.length).toBe(3)
    expect(text(pieces).join('')).toBe(long)
  })

  it('queues input, wakes listeners, and tells when to pause and when to go on', () => {
    let drained = 0
    let woken = 0
    const pipe = new ConsolePipe({ output: () => undefined, highWater: 8, onDrain: () => drained++ })
    const leave = pipe.onReadable(() => woken++)
    expect(pipe.read(5).length).toBe(0)
    expect(pipe.push(bytes('abc'))).toBe(true)
    expect(pipe.push(bytes(''))).toBe(true)
    expect(pipe.push(bytes('defgh'))).toBe(false)
    expect([pipe.pending, woken]).toEqual([8, 2])
    expect(text([pipe.read(2), pipe.read(100)])).toEqual(['ab', 'c'])
    expect([pipe.pending, drained]).toEqual([5, 1])
    expect(text([pipe.read(100), pipe.read(0), pipe.read(1)])).toEqual(['defgh', '', ''])
    expect(drained).toBe(1)
    leave()
    pipe.push(bytes('z'))
    expect(woken).toBe(2)
  })

  it('keeps a hundred thousand pieces in order', () => {
    const pipe = new ConsolePipe({ output: () => undefined })
    for (let index = 0; index < 100_000; index++) pipe.push(Uint8Array.of(index & 0xff))
    for (let index = 0; index < 100_000; index++) if (pipe.read(16)[0] !== (index & 0xff)) throw new Error(`piece ${String(index)} is out of order`)
    expect([pipe.pending, pipe.read(1).length]).toEqual([0, 0])
  })

  it('is not disturbed by what the caller does to its array later', () => {
    const pipe = new ConsolePipe({ output: () => undefined })
    const input = bytes('abc')
    pipe.push(input)
    input.fill(0)
    expect(text([pipe.read(3)])).toEqual(['abc'])
  })
})

describe('a console in memory', () => {
  it('keeps all output', async () => {
    const console = new MemoryConsole()
    console.write(bytes('one '))
    await Promise.resolve()
    console.write(Uint8Array.of(0x74, 0x77, 0x6f, 0xff))
    expect(console.text).toBe('one two\xff')
    expect(console.output.length).toBe(8)
    console.type('in')
    expect(text([console.read(9)])).toEqual(['in'])
  })
})
