import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GuestMemory, VirtualClock } from '@strata/machine'
import { describe, expect, test } from 'vitest'
import type { Row } from '../../src/engine/table.ts'
import { d } from '../../src/isa/riscv/d.ts'
import { encode, encodeRow } from '../../src/isa/riscv/encode.ts'
import { f } from '../../src/isa/riscv/f.ts'
import { RiscvHart } from '../../src/isa/riscv/hart.ts'
import { Random } from '../isa/random.ts'
import { operationNamed } from './batch.ts'
import { interestingOperands } from './operands.ts'

const rows: readonly Row[] = [...f, ...d]
const [a0, a1, a2, a3, a4] = [10, 11, 12, 13, 14] as const
const csr = { mstatus: 0x300, fcsr: 0x003 } as const
const base = 0x8000_0000

/** Offsets in a case's data: what the registers hold before, what they and `fcsr` hold after. */
const data = { bytes: 72, f1: 0, f2: 8, f3: 16, x: 24, fcsrBefore: 32, f: 40, xAfter: 48, fcsr: 56, oldF: 64 } as const

/** An instruction on f1 to f4, a1 (a number) and a0 (an address), its destination f1 to f4 or a3. */
const encodeCase = (row: Row, random: Random): { readonly bits: number; readonly rd: number } => {
  const operands: Record<string, number> = {}
  const inMemory = row.format.name === 'FLoad' || row.format.name === 'FStore'
  for (const { name, operand } of row.format.operands) {
    if (operand.kind === 'register') {
      if (operand.file === 'f') operands[name] = 1 + random.below(4)
      else operands[name] = inMemory ? a0 : name === 'rd' ? a3 : a1
    } else if (name === 'rm') operands[name] = [0, 1, 2, 3, 4, 7, 7][random.below(7)] ?? 7
    else operands[name] = data.x + random.below(2) * 4
  }
  const fd = row.format.operands.some(({ name, operand }) => name === 'rd' && operand.kind === 'register' && operand.file === 'f')
  return { bits: encodeRow(row, operands), rd: fd ? (operands['rd'] ?? 0) : 4 }
}

/** Code for one case, a0 pointing to its data and moved on to the next. */
const codeOf = (bits: number, rd: number): number[] => [
  ...[data.f1, data.f2, data.f3, data.oldF].map((imm, index) => encode('fld', { rd: 1 + index, rs1: a0, imm })),
  encode('ld', { rd: a1, rs1: a0, imm: data.x }),
  encode('addi', { rd: a3, rs1: 0, imm: -7 }),
  encode('ld', { rd: a2, rs1: a0, imm: data.fcsrBefore }),
  encode('csrrw', { rd: 0, csr: csr.fcsr, rs1: a2 }),
  bits,
  encode('fsd', { rs2: rd, rs1: a0, imm: data.f }),
  encode('sd', { rs2: a3, rs1: a0, imm: data.xAfter }),
  encode('csrrs', { rd: a4, csr: csr.fcsr, rs1: 0 }),
  encode('sd', { rs2: a4, rs1: a0, imm: data.fcsr }),
  encode('addi', { rd: a0, rs1: a0, imm: data.bytes }),
]

const boxed = 0xffff_ffff_0000_0000n

/** Operands for an instruction, mostly of its own kind: some singles not NaN-boxed, some doubles that look boxed. */
const fillCase = (row: Row, view: DataView, at: number, random: Random): void => {
  const single = row.mnemonic.split('.').slice(1).join('.').endsWith('s') || row.extension === 'f'
  const like = operationNamed(single ? 'f32_fma' : 'f64_fma')
  const values = [...interestingOperands(like, random), ...interestingOperands(like, random)]
  const box = (value: bigint): bigint => {
    if (random.below(12) === 0) return BigInt.asUintN(64, random.bits64())
    return single || random.below(12) === 0 ? (random.below(12) === 0 ? value & 0xffff_ffffn : (value & 0xffff_ffffn) | boxed) : value
  }
  for (const [index, offset] of [data.f1, data.f2, data.f3, data.oldF].entries()) view.setBigUint64(at + offset, box(values[index] ?? 0n), true)
  view.setBigUint64(at + data.x, interestingOperands(operationNamed('f64_from_i64'), random)[0] ?? 0n, true)
  view.setBigUint64(at + data.fcsrBefore, BigInt(random.below(5) * 32 + (random.below(2) === 0 ? random.below(32) : 1)), true)
}

const words = (code: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(code).buffer)

const createHart = (size: number): { readonly hart: RiscvHart; readonly memory: GuestMemory } => {
  const memory = GuestMemory.create({ size, reserved: RiscvHart.reservedBytes(1, size) })
  const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 })
  return { hart: new RiscvHart({ memory, clock, id: 0, hypercalls: false }), memory }
}

/** Executes code on a hart in M with FS = Initial, `data` behind it and a0 pointing there, until it falls off its end. */
const onHart = (code: readonly number[], input: Uint8Array): Uint8Array => {
  const program = words([encode('csrrs', { rd: 0, csr: csr.mstatus, rs1: a1 }), ...code, encode('jal', { rd: 0, imm: 0 })])
  const dataAt = Math.ceil(program.length / 4096) * 4096
  const { hart, memory } = createHart(dataAt + Math.ceil(input.length / 4096) * 4096)
  memory.bytes.set(program)
  memory.bytes.set(input, dataAt)
  hart.reset({ pc: BigInt(base), privilege: 'machine', arguments: [BigInt(base + dataAt), 1n << 13n] })
  const exit = hart.run(code.length + 100)
  expect(exit.kind).toBe('budget')
  expect(hart.pc).toBe(BigInt(base + program.length - 4))
  return memory.bytes.slice(dataAt, dataAt + input.length)
}

/** The same in a process of qemu-riscv64. */
const onQemu = (code: readonly number[], input: Uint8Array): Uint8Array => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-float-'))
  try {
    writeFileSync(join(folder, 'code.bin'), words(code))
    writeFileSync(join(folder, 'data.bin'), input)
    writeFileSync(join(folder, 'program.s'), [
      '.globl _start', '_start: lla a0, data', '.incbin "code.bin"',
      `li a7, 64`, 'li a0, 1', 'lla a1, data', `li a2, ${input.length}`, 'ecall', 'li a7, 93', 'li a0, 0', 'ecall',
      '.data', '.balign 8', 'data: .incbin "data.bin"', '',
    ].join('\n'))
    execFileSync('riscv64-linux-gnu-gcc', ['-march=rv64gc', '-static', '-nostdlib', '-o', 'program', 'program.s'], { cwd: folder })
    const run = spawnSync('qemu-riscv64', [join(folder, 'program')], { maxBuffer: input.length + 4096 })
    expect(run.status, run.stderr.toString()).toBe(0)
    return run.stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`

test('every instruction of F and D leaves registers, flags and memory as qemu leaves them', () => {
  const seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 1_000_000)
  const random = new Random(seed)
  const perRow = 400
  const cases = rows.flatMap((row) => Array.from({ length: perRow }, () => ({ row, ...encodeCase(row, random) })))
  const input = new Uint8Array(cases.length * data.bytes)
  const before = new DataView(input.buffer)
  for (const [index, { row }] of cases.entries()) fillCase(row, before, index * data.bytes, random)
  const code = cases.flatMap(({ bits, rd }) => codeOf(bits, rd))

  const [ours, theirs] = [onHart(code, input), onQemu(code, input)]
  const [left, right] = [ours, theirs].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)) as [DataView, DataView]
  expect(theirs.length).toBe(ours.length)
  const different: string[] = []
  for (const [index, { row, bits }] of cases.entries()) {
    const fields = Array.from({ length: data.bytes / 8 }, (_, field) => index * data.bytes + field * 8)
    if (fields.every((at) => left.getBigUint64(at, true) === right.getBigUint64(at, true))) continue
    const shown = (view: DataView): string => fields.map((at) => hex(view.getBigUint64(at, true))).join(' ')
    different.push(`${row.mnemonic} ${hex(BigInt(bits))}: ${shown(left)}\n expected ${shown(right)}\n before ${shown(before)}`)
    if (different.length === 5) break
  }
  expect(different, `seed ${seed} (set STRATA_SEED to repeat)`).toEqual([])
})

describe('a floating-point instruction', () => {
  const illegal = 2n
  const { hart, memory } = createHart(0x1_0000)
  /** The cause of the trap that an instruction takes under this mstatus.FS and frm, or undefined, and whether FS is Dirty after it. */
  const trapOf = (bits: number, status: bigint, frm: bigint): { readonly cause: bigint | undefined; readonly dirty: boolean } => {
    const handler = base + 0x1000
    const code = [
      encode('csrrs', { rd: 0, csr: csr.mstatus, rs1: a3 }),
      encode('csrrw', { rd: 0, csr: 0x002, rs1: a1 }),
      encode('csrrc', { rd: 0, csr: csr.mstatus, rs1: a3 }),
      encode('csrrs', { rd: 0, csr: csr.mstatus, rs1: a0 }),
      encode('csrrw', { rd: 0, csr: 0x305, rs1: a2 }),
      bits,
      encode('csrrs', { rd: a4, csr: csr.mstatus, rs1: 0 }),
      encode('jal', { rd: 0, imm: 0 }),
    ]
    memory.bytes.set(words(code))
    memory.bytes.set(words([encode('csrrs', { rd: 15, csr: 0x342, rs1: 0 }), encode('jal', { rd: 0, imm: 0 })]), 0x1000)
    memory.written(base, memory.size)
    hart.reset({ pc: BigInt(base), privilege: 'machine', arguments: [status, frm, BigInt(handler), 3n << 13n] })
    hart.run(100)
    const trapped = hart.pc === BigInt(handler + 4)
    if (!trapped) expect(hart.pc).toBe(BigInt(base + 4 * (code.length - 1)))
    return { cause: trapped ? hart.register(15) : undefined, dirty: ((hart.register(a4) >> 13n) & 3n) === 3n }
  }
  const [off, initial, clean] = [0n, 1n << 13n, 2n << 13n]
  const readOnly = new Set(['fsw', 'fsd', 'fmv.x.w', 'fmv.x.d', 'fclass.s', 'fclass.d'])

  test.each(rows.map((row) => ({ row, mnemonic: row.mnemonic })))('$mnemonic is illegal while FS is Off and makes it Dirty by writing', ({ row }) => {
    const operands: Record<string, number> = {}
    for (const { name } of row.format.operands) operands[name] = name === 'rm' || name === 'imm' ? 0 : name === 'rs1' ? a2 : 4
    const bits = encodeRow(row, operands)
    expect(trapOf(bits, off, 0n).cause).toBe(illegal)
    expect(trapOf(bits, clean, 0n)).toEqual({ cause: undefined, dirty: !readOnly.has(row.mnemonic) })
  })

  const rounding = rows.filter((row) => row.format.operands.some(({ name }) => name === 'rm'))
  test.each(rounding.map((row) => ({ row, mnemonic: row.mnemonic })))('$mnemonic refuses reserved rounding modes', ({ row }) => {
    const withMode = (rm: number): number => (row.match | (rm << 12)) >>> 0
    for (const rm of [5, 6]) expect(trapOf(withMode(rm), initial, 0n).cause).toBe(illegal)
    for (const frm of [5n, 6n, 7n]) {
      expect(trapOf(withMode(7), initial, frm).cause).toBe(illegal)
      expect(trapOf(withMode(1), initial, frm).cause).toBeUndefined()
    }
    for (const frm of [0n, 4n]) expect(trapOf(withMode(7), initial, frm).cause).toBeUndefined()
  })
})
