import { describe, expect, it } from 'vitest'
import { MemoryConsole, Ns16550a } from '../src/index.ts'
import { Pin } from './support.ts'

const [rbr, ier, iir, lcr, mcr, lsr, msr, scr] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const [thr, fcr] = [0, 2] as const

interface Port {
  uart: Ns16550a
  irq: Pin
  console: MemoryConsole
  readonly read: (offset: number) => number
  readonly write: (offset: number, value: number) => void
}

const port = (): Port => {
  const irq = new Pin()
  const console = new MemoryConsole()
  const uart = new Ns16550a({ irq, console })
  return { uart, irq, console, read: (offset) => uart.read(offset), write: (offset, value) => { uart.write(offset, 1, value) } }
}

describe('ns16550a', () => {
  it('sends what is written and is always ready for more', () => {
    const { console, read, write } = port()
    for (const character of 'hello\n') write(thr, character.charCodeAt(0))
    expect(console.text).toBe('hello\n')
    expect(read(lsr)).toBe(0x60)
  })

  it('keeps divisor and line control apart from the data registers', () => {
    const { console, read, write } = port()
    write(ier, 5)
    write(lcr, 0x83)
    write(0, 0x34)
    write(1, 0x12)
    expect([read(0), read(1), read(lcr)]).toEqual([0x34, 0x12, 0x83])
    write(lcr, 0x03)
    expect([read(rbr), read(ier)]).toEqual([0, 5])
    expect(console.text).toBe('')
    write(scr, 0xa5)
    expect(read(scr)).toBe(0xa5)
    expect([read(8), read(255)]).toEqual([0, 0])
  })

  it('has only the bits of the real registers', () => {
    const { read, write } = port()
    write(ier, 0xff)
    expect(read(ier)).toBe(0x0f)
    write(mcr, 0xff)
    expect(read(mcr)).toBe(0x1f)
    write(lsr, 0)
    expect(read(lsr) & 0x60).toBe(0x60)
  })

  it('is found to be a 16550A with working FIFOs, as kernels probe for it', () => {
    const { read, write } = port()
    expect(read(iir)).toBe(0x01)
    write(fcr, 0x01)
    expect(read(iir)).toBe(0xc1)
    // Sized in loop mode: of 256 characters sent, 16 come back.
    write(fcr, 0x07)
    write(mcr, 0x10)
    for (let index = 0; index < 256; index++) write(thr, index)
    const back: number[] = []
    while (read(lsr) & 1 && back.length < 256) back.push(read(rbr))
    expect(back).toEqual(Array.from({ length: 16 }, (_, index) => index))
  })

  it('loops modem control back to modem status', () => {
    const { read, write } = port()
    expect(read(msr)).toBe(0xb0)
    write(mcr, 0x1a)
    expect(read(msr) & 0xf0).toBe(0x90)
    write(mcr, 0x15)
    expect(read(msr)).toBe(0x60 | 0x0b)
    expect(read(msr)).toBe(0x60)
    // The end of a ring is reported, its beginning is not.
    write(mcr, 0x10)
    expect(read(msr)).toBe(0x06)
    write(mcr, 0x14)
    expect(read(msr)).toBe(0x40)
  })

  it('raises the transmitter interrupt when it is enabled, and after each character', () => {
    const { irq, read, write } = port()
    write(ier, 2)
    expect(irq.level).toBe(true)
    expect(read(iir)).toBe(0x02)
    expect(irq.level).toBe(false)
    expect(read(iir)).toBe(0x01)
    write(thr, 65)
    expect(irq.level).toBe(true)
    expect(read(iir)).toBe(0x02)
    // Turning it off and on raises it anew; drivers test for that.
    write(ier, 0)
    expect(irq.level).toBe(false)
    write(ier, 2)
    expect(read(iir)).toBe(0x02)
    // Writing the same again does not.
    write(ier, 2)
    expect(read(iir)).toBe(0x01)
  })

  it('does not forget the transmitter interrupt while a more urgent one is reported', () => {
    const { console, read, write } = port()
    write(ier, 3)
    console.type('x')
    expect(read(iir)).toBe(0x04)
    expect(read(rbr)).toBe('x'.charCodeAt(0))
    expect(read(iir)).toBe(0x02)
    expect(read(iir)).toBe(0x01)
  })

  it('reports in the order of priority', () => {
    const { irq, read, write } = port()
    write(mcr, 0x10)
    read(msr)
    write(thr, 1)
    write(thr, 2)
    write(mcr, 0x12)
    write(ier, 0x0f)
    expect(read(iir)).toBe(0x06)
    expect(read(lsr)).toBe(0x63)
    expect(read(lsr)).toBe(0x61)
    expect(read(iir)).toBe(0x04)
    // Without FIFOs the newer character has taken the place of the older.
    expect(read(rbr)).toBe(2)
    expect(read(iir)).toBe(0x02)
    expect(read(iir)).toBe(0x00)
    expect(irq.level).toBe(true)
    expect(read(msr) & 0x0f).toBe(0x01)
    expect(read(iir)).toBe(0x01)
    expect(irq.level).toBe(false)
  })

  it.each([[0, 1], [1, 4], [2, 8], [3, 14]])('at trigger setting %i reports data from %i characters on, and a timeout below', (setting, level) => {
    const { console, irq, read, write } = port()
    write(fcr, 1 | (setting << 6))
    write(ier, 1)
    for (let count = 1; count <= 16; count++) {
      console.type('.')
      expect(read(iir)).toBe(count >= level ? 0xc4 : 0xcc)
      expect(irq.level).toBe(true)
    }
    for (let count = 16; count > 0; count--) read(rbr)
    expect(read(iir)).toBe(0xc1)
    expect(irq.level).toBe(false)
  })

  it('takes from the backend only as much as fits, and in order', () => {
    const { console, read, write } = port()
    const text = 'abcdefghijklmnopqrstuvwxyz0123456789'
    console.type(text)
    expect(console.pending).toBe(text.length - 1)
    write(fcr, 1)
    expect(console.pending).toBe(text.length - 17)
    let received = ''
    while (read(lsr) & 1) received += String.fromCharCode(read(rbr))
    // Turning the FIFOs on has cleared the one character that was received before.
    expect(received).toBe(text.slice(1))
    expect(console.pending).toBe(0)
  })

  it('pauses input while the guest holds RTS low after having raised it', () => {
    const { console, read, write } = port()
    write(fcr, 1)
    console.type('a')
    expect(read(rbr)).toBe(97)
    write(mcr, 0x12)
    write(mcr, 0x00)
    console.type('b')
    expect(read(rbr)).toBe(98)
    write(mcr, 0x02)
    console.type('c')
    expect(read(rbr)).toBe(99)
    write(mcr, 0x00)
    console.type('d')
    expect(read(lsr) & 1).toBe(0)
    write(mcr, 0x02)
    expect(read(rbr)).toBe(100)
  })

  it('keeps output to itself in loop mode, and input waiting', () => {
    const { console, read, write } = port()
    write(mcr, 0x10)
    console.type('z')
    write(thr, 65)
    expect(console.text).toBe('')
    expect(read(rbr)).toBe(65)
    expect(read(lsr) & 1).toBe(0)
    write(mcr, 0)
    expect(read(rbr)).toBe(122)
  })

  it('clears the receiver on request without losing what still waits outside', () => {
    const { console, read, write } = port()
    write(fcr, 1)
    console.type('0123456789abcdefXYZ')
    write(fcr, 3)
    expect(read(rbr)).toBe('X'.charCodeAt(0))
  })

  it('leaves its backend to another when it is disconnected', () => {
    const { console, uart, read, write } = port()
    write(fcr, 1)
    uart.disconnect()
    console.type('next')
    const other = new Ns16550a({ irq: new Pin(), console })
    expect(other.read(rbr)).toBe('n'.charCodeAt(0))
    expect(read(lsr) & 1).toBe(0)
  })

  it('goes on from a saved state, interrupt line included', () => {
    const first = port()
    first.write(fcr, 0x41)
    first.write(ier, 0x03)
    first.write(scr, 9)
    first.console.type('abcde')
    const second = port()
    second.uart.restore(structuredClone(first.uart.save()))
    expect(second.irq.level).toBe(true)
    expect(second.read(scr)).toBe(9)
    let text = ''
    while (second.read(lsr) & 1) text += String.fromCharCode(second.read(rbr))
    expect(text).toBe('abcde')
    expect(second.read(iir)).toBe(0xc2)
    expect(second.irq.level).toBe(false)
  })
})
