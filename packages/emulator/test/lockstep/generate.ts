import type { Operands, Row } from '../../src/engine/table.ts'
import { extractAll } from '../../src/engine/table.ts'
import { encode, encodeRow } from '../../src/isa/riscv/encode.ts'
import { instructionSet } from '../../src/isa/riscv/extensions.ts'
import type { Random } from '../isa/random.ts'
import { sample } from '../isa/samples.ts'
import { codeBase, dataBase } from './stream.ts'
import type { Stream } from './stream.ts'
import { data, floatRegister, floatStatus, integer } from './values.ts'

const extensions = ['i', 'm', 'a', 'f', 'd', 'c', 'zicsr', 'zifencei', 'zba', 'zbb', 'zbs']
/** Instructions of the privileged specification do not belong to a user program; a call would go to Linux. */
const excluded = new Set(['sret', 'mret', 'wfi', 'sfence.vma', 'ecall', 'ebreak', 'c.ebreak'])
/** What streams are made of. */
export const streamRows: readonly Row[] = instructionSet(extensions).rows.filter(({ mnemonic }) => !excluded.has(mnemonic))

const sp = 2
const fflags = 1
const frm = 2
const fcsr = 3

interface Instruction {
  readonly length: 2 | 4
  /** Given the distance to its target, if it has one. */
  readonly bits: (distance: number) => number
  /** Index of the target, counted in items from its own. */
  readonly target?: { readonly item: number; readonly from: number }
}
/** Instructions that belong together: jumps go to the first only. */
interface Item {
  readonly instructions: readonly Instruction[]
  /** Sets up a loop: jumping past it would make the loop endless. */
  readonly startsLoop: boolean
}

/** Encodings that no extension here defines, of two and four bytes. */
const illegalEncodings = [
  0x0000, 0x0004, 0x8000, 0x4002, 0x6081, 0x9c41, 0xffff_ffff, 0x0000_707b, 0x0200_7033 | (0x40 << 24), 0x0000_5053, 0x0000_6053, 0x0000_3003 | 0x4000,
]

class StreamGenerator {
  readonly #random: Random
  /** Registers that hold addresses of data, and where each points; the stream never writes them. */
  readonly #pointers = new Map<number, number>()
  readonly #counters: readonly number[]
  readonly #reserved: ReadonlySet<number>
  readonly #items: Item[] = []

  constructor(random: Random) {
    this.#random = random
    // A pointer that any instruction can use, and one for the short forms; sometimes sp is one, too.
    const short = this.#other(8, 15)
    this.#pointers.set(short, 0)
    const any = this.#other(1, 31)
    this.#pointers.set(any, 0)
    if (random.below(4) > 0) this.#pointers.set(sp, 0)
    for (const register of this.#pointers.keys()) this.#pointers.set(register, 2048 + 4 + random.below(4096 - 16))
    const shortCounter = this.#other(8, 15)
    this.#counters = [shortCounter, this.#other(1, 31, shortCounter)]
    this.#reserved = new Set([...this.#pointers.keys(), ...this.#counters])
  }

  /** A stream of about `count` instructions. */
  generate(count: number): Stream {
    const random = this.#random
    while (this.#items.length < count) {
      if (random.below(40) === 0) this.#loop(0, 3 + random.below(30))
      else this.#item(streamRows[random.below(streamRows.length)]!)
    }
    this.#end()
    const start = random.below(2) === 0 ? 4096 - 2 * random.below(1024) : 2 * random.below(4096)
    return { start, code: this.#encode(), state: this.#state() }
  }

  #state(): Stream['state'] {
    const random = this.#random
    const x = BigUint64Array.from({ length: 32 }, () => integer(random))
    x[0] = 0n
    for (const [register, offset] of this.#pointers) x[register] = BigInt(dataBase + offset)
    for (const register of this.#counters) x[register] = 1n
    return { x, f: BigUint64Array.from({ length: 32 }, () => floatRegister(random)), fcsr: floatStatus(random), data: data(random) }
  }

  /** A register in [first, last] that is neither a pointer nor `taken`. */
  #other(first: number, last: number, taken = 0): number {
    for (;;) {
      const register = first + this.#random.below(last - first + 1)
      if (register !== sp && register !== taken && !this.#pointers.has(register)) return register
    }
  }
  /** One the stream may write. */
  #free(short = false): number {
    for (;;) {
      const register = short ? 8 + this.#random.below(8) : 1 + this.#random.below(31)
      if (!this.#reserved.has(register)) return register
    }
  }
  #pointer(short = false): number {
    const fitting = [...this.#pointers.keys()].filter((register) => !short || (register >= 8 && register < 16))
    return fitting[this.#random.below(fitting.length)]!
  }

  #push(instructions: readonly Instruction[], startsLoop = false): void {
    this.#items.push({ instructions, startsLoop })
  }

  /** `row` with random operands; those given are as given. Registers that must keep their value are not written. */
  #sampled(row: Row, given: Operands = {}): Instruction {
    for (;;) {
      const operands = { ...extractAll(sample(row, this.#random), row.format), ...given }
      const rd = row.format.operands.find(({ name }) => name === 'rd')
      const writes = rd?.operand.kind === 'register' && rd.operand.file === 'x' ? operands['rd']! : 0
      if (this.#reserved.has(writes) || row.accepts?.(operands) === false) continue
      const bits = encodeRow(row, operands)
      return { length: row.length, bits: () => bits }
    }
  }
  #fixed(mnemonic: string, operands: Operands): Instruction {
    const bits = encode(mnemonic, operands)
    return { length: (bits & 3) === 3 ? 4 : 2, bits: () => bits }
  }

  /** Puts the row into the stream, with what it needs before it. */
  #item(row: Row): void {
    const random = this.#random
    const { format, mnemonic } = row
    if (mnemonic === 'c.addi16sp') {
      if (!this.#reserved.has(sp)) this.#push([this.#sampled(row)])
    } else if (format.name.includes('StackA')) this.#push([this.#sampled(row)])
    else if (format.name.endsWith('Sp')) {
      if (this.#pointers.has(sp)) this.#push([this.#sampled(row)])
    } else if (mnemonic.endsWith('jalr') || mnemonic === 'c.jr') this.#indirect(row)
    else if (format.operands.some(({ operand }) => operand.kind === 'offset')) this.#branch(row)
    else if (format.name === 'Amo' || format.name === 'LoadReserved') this.#atomic(row)
    else if (/Load|Store|^S$/.test(format.name)) this.#push([this.#sampled(row, { rs1: this.#pointer(row.length === 2) })])
    else if (format.name.startsWith('Csr')) this.#control(row)
    else if (mnemonic === 'ctzw') {
      // qemu 7.2 counts on into the upper word where the lower is zero, against the specification (32).
      const source = this.#free()
      this.#push([this.#fixed('bseti', { rd: source, rs1: source, imm: random.below(32) }), this.#sampled(row, { rs1: source })])
    } else if (row.extension === 'f' || row.extension === 'd') this.#float(row)
    else this.#push([this.#sampled(row)])
    if (random.below(50) === 0) this.#push([this.#fixed('csrrwi', { rd: this.#free(), csr: frm, uimm: random.below(5) })])
  }

  /** Arithmetic on what it just got from memory, now and then: results of results soon are all NaN. */
  #float(row: Row): void {
    const arithmetic = this.#sampled(row)
    const operands = extractAll(arithmetic.bits(0), row.format)
    const source = row.format.operands.find(({ name, operand }) => name === 'rs1' && operand.kind === 'register' && operand.file === 'f')
    if (source === undefined || this.#random.below(2) === 0) this.#push([arithmetic])
    else {
      const load = this.#fixed(row.mnemonic.endsWith('d') ? 'fld' : 'flw', { rd: operands['rs1']!, rs1: this.#pointer(), imm: this.#random.below(4096) - 2048 })
      this.#push([load, arithmetic])
    }
  }

  #control(row: Row): void {
    const random = this.#random
    const csr = [fflags, frm, fcsr][random.below(3)]!
    const repair = this.#fixed('csrrwi', { rd: 0, csr: frm, uimm: random.below(5) })
    // A reserved rounding mode makes the next instruction that rounds illegal: that shall end few streams.
    this.#push([this.#sampled(row, { csr }), ...(csr === fflags || random.below(40) === 0 ? [] : [repair])])
  }

  #atomic(row: Row): void {
    const random = this.#random
    const width = row.mnemonic.endsWith('.w') ? 4 : 8
    const address = this.#free()
    const lone = !/^(lr|sc)/.test(row.mnemonic) || random.below(4) === 0
    // qemu 7.2 looks at the alignment of a store conditional only once the reservation holds.
    const misaligned = random.below(300) === 0 && !(lone && row.mnemonic.startsWith('sc')) ? 1 + random.below(width - 1) : 0
    // A reservation of one width is never tested with the other: each has its own half of memory.
    const imm = (width === 4 ? -2048 : 0) + width * random.below(2048 / width - 1) + misaligned
    const place = [this.#fixed('lui', { rd: address, imm: dataBase + 4096 }), this.#fixed('addi', { rd: address, rs1: address, imm })]
    if (lone) {
      this.#push([...place, this.#sampled(row, { rs1: address })])
      return
    }
    const [reserve, conditional] = ['lr', 'sc'].map((name) => streamRows.find(({ mnemonic }) => mnemonic === `${name}.${width === 4 ? 'w' : 'd'}`)!)
    let value = this.#free()
    while (value === address) value = this.#free()
    const store = this.#fixed(width === 4 ? 'sw' : 'sd', { rs1: address, rs2: value, imm: 0 })
    const between = [[], [store], [this.#fixed('addi', { rd: value, rs1: value, imm: 1 })]][random.below(3)]!
    this.#push([...place, this.#sampled(reserve!, { rs1: address, rd: value }), ...between, this.#sampled(conditional!, { rs1: address })])
  }

  /** How far ahead a branch goes, in items: `encode` shortens it where a loop starts in between. */
  #ahead(): number {
    return 1 + this.#random.below(8)
  }

  #branch(row: Row): void {
    const sampled = this.#sampled(row, { imm: 8 })
    const operands = extractAll(sampled.bits(0), row.format)
    const same = this.#random.below(8) === 0 && 'rs2' in operands ? { rs2: operands['rs1']! } : {}
    this.#push([{ length: row.length, bits: (imm) => encodeRow(row, { ...operands, ...same, imm }), target: { item: this.#ahead(), from: 0 } }])
  }

  #indirect(row: Row): void {
    // c.jalr writes ra.
    if (row.mnemonic === 'c.jalr' && this.#reserved.has(1)) return
    const link = row.mnemonic === 'jalr' ? this.#free() : 0
    const base = this.#free()
    const item = this.#ahead()
    const here = this.#fixed('auipc', { rd: base, imm: 0 })
    if (row.mnemonic === 'jalr') {
      // The target's lowest bit is ignored.
      const odd = this.#random.below(2)
      this.#push([here, { length: 4, bits: (imm) => encode('jalr', { rd: link, rs1: base, imm: imm + odd }), target: { item, from: 0 } }])
    } else {
      const add: Instruction = { length: 4, bits: (imm) => encode('addi', { rd: base, rs1: base, imm }), target: { item, from: 0 } }
      this.#push([here, add, this.#fixed(row.mnemonic, { rs1: base })])
    }
  }

  /** A loop of `length` items whose branch goes back, perhaps with another inside. */
  #loop(depth: number, length: number): void {
    const random = this.#random
    const counter = this.#counters[depth]!
    const times = depth === 0 ? 2 + random.below(6) : 2 + random.below(3)
    this.#push([this.#fixed('addi', { rd: counter, rs1: 0, imm: times })], true)
    const start = this.#items.length
    while (this.#items.length - start < length) {
      if (depth === 0 && random.below(25) === 0) this.#loop(1, 3 + random.below(8))
      else this.#item(streamRows[random.below(streamRows.length)]!)
    }
    const back = start - this.#items.length
    const decrement = this.#fixed('addi', { rd: counter, rs1: counter, imm: -1 })
    const to = (length: 2 | 4, from: number, bits: (imm: number) => number): Instruction => ({ length, bits, target: { item: back, from } })
    const choices: readonly (() => readonly Instruction[])[] = [
      () => [decrement, to(4, 1, (imm) => encode('bne', { rs1: counter, rs2: 0, imm }))],
      () => [decrement, to(4, 1, (imm) => encode('blt', { rs1: 0, rs2: counter, imm }))],
      () => [decrement, to(4, 1, (imm) => encode('bltu', { rs1: 0, rs2: counter, imm }))],
      () => [decrement, this.#fixed('beq', { rs1: counter, rs2: 0, imm: 8 }), to(4, 2, (imm) => encode('jal', { rd: this.#link(), imm }))],
      () => [decrement, this.#fixed('bge', { rs1: 0, rs2: counter, imm: 6 }), to(2, 2, (imm) => encode('c.j', { imm }))],
    ]
    this.#push(choices[random.below(choices.length)]!())
  }
  #link(): number {
    return this.#reserved.has(1) ? 0 : 1
  }

  #end(): void {
    const random = this.#random
    const instruction = (bits: number, length: 2 | 4): Instruction => ({ length, bits: () => bits >>> 0 })
    if (random.below(10) === 0) {
      const bits = illegalEncodings[random.below(illegalEncodings.length)]!
      this.#push([instruction(bits, (bits & 3) === 3 ? 4 : 2)])
    } else this.#push([random.below(2) === 0 ? this.#fixed('ebreak', {}) : this.#fixed('c.ebreak', {})])
  }

  #encode(): Uint8Array {
    const starts: number[] = []
    let length = 0
    for (const { instructions } of this.#items) {
      starts.push(length)
      for (const instruction of instructions) length += instruction.length
    }
    const code = new Uint8Array(length)
    const view = new DataView(code.buffer)
    for (const [index, { instructions }] of this.#items.entries()) {
      const places: number[] = []
      let at = starts[index]!
      for (const { length: bytes, bits, target } of instructions) {
        places.push(at)
        const distance = target === undefined ? 0 : starts[this.#reach(index, target.item)]! - places[target.from]!
        if (bytes === 2) view.setUint16(at, bits(distance), true)
        else view.setUint32(at, bits(distance), true)
        at += bytes
      }
    }
    return code
  }

  /** The item that a jump from `index` goes to: not past the start of a loop, nor past the end. */
  #reach(index: number, distance: number): number {
    if (distance < 0) return index + distance
    for (let item = index + 1; item < index + distance; item++) {
      if (item === this.#items.length - 1 || this.#items[item]!.startsLoop) return item
    }
    return Math.min(index + distance, this.#items.length - 1)
  }
}

/** A random program of about `count` instructions over every row of {@link streamRows}. */
export const generateStream = (random: Random, count: number): Stream => new StreamGenerator(random).generate(count)

/** Where a stream's code lies. */
export const codeEnd = (stream: Stream): number => codeBase + stream.start + stream.code.length
