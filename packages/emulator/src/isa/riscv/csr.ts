import { interrupt, machine, status, supervisor } from './privilege.ts'
import type { Privilege } from './privilege.ts'
import type { Pmp } from './pmp.ts'

/** What the control and status registers are about: the hart's parts that their values reach. */
export interface CsrHost {
  readonly pmp: Pmp
  readonly id: number
  readonly extensions: ReadonlySet<string>
  readonly privilege: Privilege
  /** Plain registers by name. */
  readonly registers: Registers
  /** `mip` as software sees it. */
  pending(): bigint
  /** The clock, and instructions retired, both as counters read them. */
  time(): bigint
  retired(): bigint
  /** `mstatus` with FS and SD up to date. */
  readStatus(): bigint
  writeStatus(value: bigint, mask: bigint): void
  readFloat(name: 'fflags' | 'frm'): number
  writeFloat(name: 'fflags' | 'frm', value: number): void
  floatEnabled(): boolean
  /** Registers changed that decide about translation. */
  translationChanged(): void
  /** `stimecmp` changed. */
  timerChanged(): void
}

/** Registers that only hold a value. */
export const registerNames = [
  'mstatus', 'medeleg', 'mideleg', 'mie', 'mip', 'mtvec', 'mcounteren', 'mscratch', 'mepc', 'mcause', 'mtval', 'mcountinhibit', 'menvcfg',
  'stvec', 'scounteren', 'sscratch', 'sepc', 'scause', 'stval', 'satp', 'senvcfg', 'stimecmp', 'minstretOffset', 'mcycleOffset',
] as const
export type RegisterName = (typeof registerNames)[number]
export type Registers = Record<RegisterName, bigint>

interface Csr {
  readonly read: (hart: CsrHost) => bigint
  readonly write?: (hart: CsrHost, value: bigint) => void
  /** What CSRRS and CSRRC change, where that is not what they read. */
  readonly base?: (hart: CsrHost) => bigint
  /** Beyond privilege: whether this hart, in its state, has it. */
  readonly present?: (hart: CsrHost) => boolean
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const zero: Csr = { read: () => 0n, write: () => undefined }
const plain = (name: RegisterName, mask = 0xffff_ffff_ffff_ffffn): Csr => ({
  read: (hart) => hart.registers[name],
  write: (hart, value) => {
    hart.registers[name] = value & mask
  },
})
const constant = (value: (hart: CsrHost) => bigint): Csr => ({ read: value, write: () => undefined })

/** `xtvec`: base on a 4-byte boundary and mode Direct or Vectored. */
const vector = (name: 'mtvec' | 'stvec'): Csr => plain(name, ~2n & 0xffff_ffff_ffff_ffffn)
/** `xepc`: bit 0 is always zero. */
const exceptionPc = (name: 'mepc' | 'sepc'): Csr => plain(name, ~1n & 0xffff_ffff_ffff_ffffn)

const supervisorStatus = status.sie | status.spie | status.spp | status.fs | status.sum | status.mxr
const statusReadable = supervisorStatus | status.uxl | status.sd
export const machineStatus: bigint = supervisorStatus | status.mie | status.mpie | status.mpp | status.mprv | status.tvm | status.tw | status.tsr
export const supervisorInterrupts: bigint = (1n << BigInt(interrupt.ssip)) | (1n << BigInt(interrupt.stip)) | (1n << BigInt(interrupt.seip))
export const allInterrupts: bigint = supervisorInterrupts | (supervisorInterrupts << 2n)
/** Exceptions that may be delegated: all that exist but environment calls from M. */
export const delegable: bigint = 0xb3ffn
/** `menvcfg`: S may use `stimecmp`. */
export const stce: bigint = 1n << 63n
/** What MODE of `satp` can be: Bare, Sv39, Sv48, Sv57. */
export const translationModes: readonly bigint[] = [0n, 8n, 9n, 10n]

const floatOn = (hart: CsrHost): boolean => hart.extensions.has('f') && hart.floatEnabled()
const hasSstc = (hart: CsrHost): boolean => hart.extensions.has('sstc')
const sstcUsable = (hart: CsrHost): boolean =>
  hasSstc(hart) && (hart.privilege === machine || ((hart.registers.menvcfg & stce) !== 0n && (hart.registers.mcounteren & 2n) !== 0n))

/** Whether a counter may be read: bit `n` of `mcounteren`, and for U of `scounteren` ("Machine Counter-Enable Register"). */
const counterEnabled = (n: bigint) => (hart: CsrHost): boolean => {
  if (!hart.extensions.has(n < 3n ? 'zicntr' : 'zihpm')) return false
  if (hart.privilege === machine) return true
  if ((hart.registers.mcounteren & (1n << n)) === 0n) return false
  return hart.privilege === supervisor || (hart.registers.scounteren & (1n << n)) !== 0n
}
const cycles = (hart: CsrHost): bigint => u64(hart.retired() + hart.registers.mcycleOffset)
const instructions = (hart: CsrHost): bigint => u64(hart.retired() + hart.registers.minstretOffset)

const misaBits = (hart: CsrHost): bigint => {
  let value = 2n << 62n
  for (const letter of 'imafdc') if (hart.extensions.has(letter)) value |= 1n << BigInt(letter.charCodeAt(0) - 97)
  return value | (1n << 18n) | (1n << 20n)
}

/** The registers by address (Privileged Architecture, "CSR Listing"). */
const csrs = new Map<number, Csr>([
  [0x001, { read: (h) => BigInt(h.readFloat('fflags')), write: (h, v) => { h.writeFloat('fflags', Number(v & 31n)) }, present: floatOn }],
  [0x002, { read: (h) => BigInt(h.readFloat('frm')), write: (h, v) => { h.writeFloat('frm', Number(v & 7n)) }, present: floatOn }],
  [0x003, {
    read: (h) => BigInt(h.readFloat('frm') * 32 + h.readFloat('fflags')),
    write: (h, v) => {
      h.writeFloat('fflags', Number(v & 31n))
      h.writeFloat('frm', Number((v >> 5n) & 7n))
    },
    present: floatOn,
  }],
  [0xc00, { read: cycles, present: counterEnabled(0n) }],
  [0xc01, { read: (h) => h.time(), present: counterEnabled(1n) }],
  [0xc02, { read: instructions, present: counterEnabled(2n) }],

  [0x100, { read: (h) => h.readStatus() & statusReadable, write: (h, v) => { h.writeStatus(v, supervisorStatus) } }],
  [0x104, {
    read: (h) => h.registers.mie & h.registers.mideleg,
    write: (h, v) => { h.registers.mie = (h.registers.mie & ~h.registers.mideleg) | (v & h.registers.mideleg & allInterrupts) },
  }],
  [0x105, vector('stvec')],
  [0x106, plain('scounteren', 0xffff_ffffn)],
  [0x10a, plain('senvcfg', 1n)],
  [0x140, plain('sscratch')],
  [0x141, exceptionPc('sepc')],
  [0x142, plain('scause')],
  [0x143, plain('stval')],
  [0x144, {
    read: (h) => h.pending() & h.registers.mideleg,
    // Only SSIP is writable from S, and only if delegated.
    write: (h, v) => {
      const mask = 2n & h.registers.mideleg
      h.registers.mip = (h.registers.mip & ~mask) | (v & mask)
    },
  }],
  [0x14d, { read: (h) => h.registers.stimecmp, write: (h, v) => { h.registers.stimecmp = v; h.timerChanged() }, present: sstcUsable }],
  [0x180, {
    read: (h) => h.registers.satp,
    // A write that selects a mode this hart has not changes nothing. ASIDLEN is 0.
    write: (h, v) => {
      const mode = v >> 60n
      if (!translationModes.includes(mode)) return
      h.registers.satp = (mode << 60n) | (v & ((1n << 44n) - 1n))
      h.translationChanged()
    },
    present: (h) => h.privilege === machine || (h.registers.mstatus & status.tvm) === 0n,
  }],

  [0x300, { read: (h) => h.readStatus(), write: (h, v) => { h.writeStatus(v, machineStatus) } }],
  [0x301, constant(misaBits)],
  [0x302, plain('medeleg', delegable)],
  [0x303, plain('mideleg', supervisorInterrupts)],
  [0x304, plain('mie', allInterrupts)],
  [0x305, vector('mtvec')],
  [0x306, plain('mcounteren', 0xffff_ffffn)],
  [0x30a, {
    read: (h) => h.registers.menvcfg,
    write: (h, v) => {
      h.registers.menvcfg = v & (hasSstc(h) ? stce | 1n : 1n)
      h.timerChanged()
    },
  }],
  [0x320, plain('mcountinhibit', 0n)],
  [0x340, plain('mscratch')],
  [0x341, exceptionPc('mepc')],
  [0x342, plain('mcause')],
  [0x343, plain('mtval')],
  [0x344, {
    read: (h) => h.pending(),
    // A pin that is high must not be written back as software's own bit.
    base: (h) => h.registers.mip,
    // STIP is the timer's, not software's, while Sstc drives it.
    write: (h, v) => {
      const mask = supervisorInterrupts & ~((h.registers.menvcfg & stce) !== 0n ? 1n << BigInt(interrupt.stip) : 0n)
      h.registers.mip = (h.registers.mip & ~mask) | (v & mask)
    },
  }],
  // What is written is what the next instruction reads: the writing one is not counted ("CSR Instructions").
  [0xb00, { read: cycles, write: (h, v) => { h.registers.mcycleOffset = u64(v - h.retired() - 1n) } }],
  [0xb02, { read: instructions, write: (h, v) => { h.registers.minstretOffset = u64(v - h.retired() - 1n) } }],
  [0xf11, { read: () => 0n }],
  [0xf12, { read: () => 0n }],
  [0xf13, { read: () => 0n }],
  [0xf14, { read: (h) => BigInt(h.id) }],
  [0xf15, { read: () => 0n }],
])
for (let n = 3; n < 32; n++) {
  csrs.set(0xc00 + n, { read: () => 0n, present: counterEnabled(BigInt(n)) })
  csrs.set(0xb00 + n, zero)
  csrs.set(0x320 + n, zero)
}
for (const half of [0, 1]) {
  csrs.set(0x3a0 + 2 * half, {
    read: (h) => h.pmp.readConfig(half),
    write: (h, v) => { h.pmp.writeConfig(half, v); h.translationChanged() },
  })
}
for (let n = 0; n < 16; n++) {
  csrs.set(0x3b0 + n, {
    read: (h) => h.pmp.readAddress(n),
    write: (h, v) => { h.pmp.writeAddress(n, v); h.translationChanged() },
  })
}

/** Reads a register, or undefined if this access is illegal in the hart's state. */
export const readCsr = (hart: CsrHost, address: number): bigint | undefined => {
  const csr = accessible(hart, address)
  return csr?.read(hart)
}

/** What CSRRS and CSRRC of a register that reads as `read` set and clear bits of. */
export const csrBase = (hart: CsrHost, address: number, read: bigint): bigint => csrs.get(address)?.base?.(hart) ?? read

/** Writes a register; false if this access is illegal in the hart's state. */
export const writeCsr = (hart: CsrHost, address: number, value: bigint): boolean => {
  const csr = accessible(hart, address)
  // Addresses whose top bits are 11 are read-only.
  if (csr?.write === undefined || address >> 10 === 3) return false
  csr.write(hart, u64(value))
  return true
}

const accessible = (hart: CsrHost, address: number): Csr | undefined => {
  const needed = (address >> 8) & 3
  if (needed > hart.privilege) return undefined
  const csr = csrs.get(address)
  return csr?.present?.(hart) === false ? undefined : csr
}
