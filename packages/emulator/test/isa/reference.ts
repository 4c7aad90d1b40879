/**
 * What the integer instructions compute, written from the specification's prose on unbounded integers, apart from the
 * tables. A result is any integer; its low 64 bits are the register's new content.
 */
type Compute = (a: bigint, b: bigint) => bigint

const s = (width: number, x: bigint): bigint => BigInt.asIntN(width, x)
const u = (width: number, x: bigint): bigint => BigInt.asUintN(width, x)
const bit = (condition: boolean): bigint => (condition ? 1n : 0n)

const least = (width: number): bigint => -(1n << BigInt(width - 1))

const divide = (width: number, a: bigint, b: bigint): bigint => {
  const [x, y] = [s(width, a), s(width, b)]
  if (y === 0n) return -1n
  return x === least(width) && y === -1n ? x : x / y
}
const remainder = (width: number, a: bigint, b: bigint): bigint => {
  const [x, y] = [s(width, a), s(width, b)]
  return y === 0n ? x : x % y
}
const divideUnsigned = (width: number, a: bigint, b: bigint): bigint => (u(width, b) === 0n ? -1n : s(width, u(width, a) / u(width, b)))
const remainderUnsigned = (width: number, a: bigint, b: bigint): bigint => s(width, u(width, b) === 0n ? a : u(width, a) % u(width, b))

const binaryDigits = (width: number, x: bigint): string => u(width, x).toString(2).padStart(width, '0')
const leadingZeros = (width: number, x: bigint): bigint => BigInt(/^0*/.exec(binaryDigits(width, x))![0].length)
const trailingZeros = (width: number, x: bigint): bigint => BigInt(/0*$/.exec(binaryDigits(width, x))![0].length)
const ones = (width: number, x: bigint): bigint => BigInt(binaryDigits(width, x).replaceAll('0', '').length)
const rotateLeft = (width: number, x: bigint, by: bigint): bigint => {
  const digits = binaryDigits(width, x)
  const n = Number(by & BigInt(width - 1))
  return s(width, BigInt(`0b${digits.slice(n)}${digits.slice(0, n)}`))
}
const bytes = (x: bigint): readonly string[] => u(64, x).toString(16).padStart(16, '0').match(/../g) ?? []
const fromBytes = (list: readonly string[]): bigint => BigInt(`0x${list.join('')}`)

/** Of two register operands. */
export const registerRegister: Readonly<Record<string, Compute>> = {
  'add': (a, b) => a + b,
  'sub': (a, b) => a - b,
  'sll': (a, b) => a << u(6, b),
  'slt': (a, b) => bit(a < b),
  'sltu': (a, b) => bit(u(64, a) < u(64, b)),
  'xor': (a, b) => a ^ b,
  'srl': (a, b) => u(64, a) >> u(6, b),
  'sra': (a, b) => a >> u(6, b),
  'or': (a, b) => a | b,
  'and': (a, b) => a & b,
  'addw': (a, b) => s(32, a + b),
  'subw': (a, b) => s(32, a - b),
  'sllw': (a, b) => s(32, a << u(5, b)),
  'srlw': (a, b) => s(32, u(32, a) >> u(5, b)),
  'sraw': (a, b) => s(32, a) >> u(5, b),

  'mul': (a, b) => a * b,
  'mulh': (a, b) => (a * b) >> 64n,
  'mulhsu': (a, b) => (a * u(64, b)) >> 64n,
  'mulhu': (a, b) => (u(64, a) * u(64, b)) >> 64n,
  'div': (a, b) => divide(64, a, b),
  'divu': (a, b) => divideUnsigned(64, a, b),
  'rem': (a, b) => remainder(64, a, b),
  'remu': (a, b) => remainderUnsigned(64, a, b),
  'mulw': (a, b) => s(32, a * b),
  'divw': (a, b) => divide(32, a, b),
  'divuw': (a, b) => divideUnsigned(32, a, b),
  'remw': (a, b) => remainder(32, a, b),
  'remuw': (a, b) => remainderUnsigned(32, a, b),

  'add.uw': (a, b) => u(32, a) + b,
  'sh1add': (a, b) => a * 2n + b,
  'sh2add': (a, b) => a * 4n + b,
  'sh3add': (a, b) => a * 8n + b,
  'sh1add.uw': (a, b) => u(32, a) * 2n + b,
  'sh2add.uw': (a, b) => u(32, a) * 4n + b,
  'sh3add.uw': (a, b) => u(32, a) * 8n + b,

  'andn': (a, b) => a & ~b,
  'orn': (a, b) => a | ~b,
  'xnor': (a, b) => ~(a ^ b),
  'min': (a, b) => (a < b ? a : b),
  'minu': (a, b) => (u(64, a) < u(64, b) ? a : b),
  'max': (a, b) => (a > b ? a : b),
  'maxu': (a, b) => (u(64, a) > u(64, b) ? a : b),
  'rol': (a, b) => rotateLeft(64, a, b),
  'ror': (a, b) => rotateLeft(64, a, -b),
  'rolw': (a, b) => rotateLeft(32, a, b),
  'rorw': (a, b) => rotateLeft(32, a, -b),

  'bclr': (a, b) => a & ~(1n << u(6, b)),
  'bext': (a, b) => (u(64, a) >> u(6, b)) & 1n,
  'binv': (a, b) => a ^ (1n << u(6, b)),
  'bset': (a, b) => a | (1n << u(6, b)),
}

/** Of a register and the immediate. */
export const registerImmediate: Readonly<Record<string, Compute>> = {
  'addi': (a, imm) => a + imm,
  'slti': (a, imm) => bit(a < imm),
  'sltiu': (a, imm) => bit(u(64, a) < u(64, imm)),
  'xori': (a, imm) => a ^ imm,
  'ori': (a, imm) => a | imm,
  'andi': (a, imm) => a & imm,
  'slli': (a, imm) => a << imm,
  'srli': (a, imm) => u(64, a) >> imm,
  'srai': (a, imm) => a >> imm,
  'addiw': (a, imm) => s(32, a + imm),
  'slliw': (a, imm) => s(32, a << imm),
  'srliw': (a, imm) => s(32, u(32, a) >> imm),
  'sraiw': (a, imm) => s(32, a) >> imm,
  'slli.uw': (a, imm) => u(32, a) << imm,
  'rori': (a, imm) => rotateLeft(64, a, -imm),
  'roriw': (a, imm) => rotateLeft(32, a, -imm),
  'bclri': (a, imm) => a & ~(1n << imm),
  'bexti': (a, imm) => (u(64, a) >> imm) & 1n,
  'binvi': (a, imm) => a ^ (1n << imm),
  'bseti': (a, imm) => a | (1n << imm),
}

/** Of one register. */
export const oneRegister: Readonly<Record<string, (a: bigint) => bigint>> = {
  'clz': (a) => leadingZeros(64, a),
  'ctz': (a) => trailingZeros(64, a),
  'cpop': (a) => ones(64, a),
  'clzw': (a) => leadingZeros(32, a),
  'ctzw': (a) => trailingZeros(32, a),
  'cpopw': (a) => ones(32, a),
  'sext.b': (a) => s(8, a),
  'sext.h': (a) => s(16, a),
  'zext.h': (a) => u(16, a),
  'orc.b': (a) => fromBytes(bytes(a).map((byte) => (byte === '00' ? '00' : 'ff'))),
  'rev8': (a) => fromBytes([...bytes(a)].reverse()),
}

/** Whether a branch is taken. */
export const branches: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => a < b,
  bge: (a, b) => a >= b,
  bltu: (a, b) => u(64, a) < u(64, b),
  bgeu: (a, b) => u(64, a) >= u(64, b),
}

/** What an atomic operation leaves in memory; both operands are as wide as the access and signed. */
export const atomics: Readonly<Record<string, (old: bigint, operand: bigint) => bigint>> = {
  amoswap: (_old, operand) => operand,
  amoadd: (old, operand) => old + operand,
  amoxor: (old, operand) => old ^ operand,
  amoand: (old, operand) => old & operand,
  amoor: (old, operand) => old | operand,
  amomin: (old, operand) => (operand < old ? operand : old),
  amomax: (old, operand) => (operand > old ? operand : old),
  amominu: (old, operand) => (u(64, operand) < u(64, old) ? operand : old),
  amomaxu: (old, operand) => (u(64, operand) > u(64, old) ? operand : old),
}

/** How wide a load or store is, in bytes, and whether a load extends the sign. */
export const widths: Readonly<Record<string, { readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }>> = {
  lb: { bytes: 1, signed: true },
  lh: { bytes: 2, signed: true },
  lw: { bytes: 4, signed: true },
  ld: { bytes: 8, signed: true },
  lbu: { bytes: 1, signed: false },
  lhu: { bytes: 2, signed: false },
  lwu: { bytes: 4, signed: false },
  sb: { bytes: 1, signed: true },
  sh: { bytes: 2, signed: true },
  sw: { bytes: 4, signed: true },
  sd: { bytes: 8, signed: true },
}
