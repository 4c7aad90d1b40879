import type { SavedState } from '@strata/machine'
import { StateReader } from '@strata/machine'
import { allInterrupts, delegable, machineStatus, registerNames, stce, supervisorInterrupts, translationModes } from './csr.ts'
import type { RegisterName, Registers } from './csr.ts'
import { Pmp } from './pmp.ts'
import { interrupt, machine, status, supervisor, user } from './privilege.ts'
import type { Privilege } from './privilege.ts'

/** A hart's state as plain data, all of it values that the hart can hold. */
export interface SavedHart {
  readonly privilege: Privilege
  readonly registers: Registers
  readonly pmpConfig: Uint8Array
  readonly pmpAddress: readonly bigint[]
  /** Interrupts that lines hold high. */
  readonly lines: bigint
  readonly retired: number
  readonly pc: bigint
  /** 32 registers of 64 bits each, little-endian. */
  readonly x: Uint8Array
  readonly f: Uint8Array
  readonly fflags: number
  readonly frm: number
  /** One more than the reserved address's offset in RAM; 0 if none is reserved. */
  readonly reservation: number
  readonly reservedValue: bigint
  /** The answer that the instruction at `pc` is about to take from a device. */
  readonly deviceAnswer: number
  readonly deviceValue: bigint
  readonly waiting: boolean
  readonly started: boolean
  readonly open: 'none' | 'device' | 'hypercall'
}

const savedVersion = 1
const registerBytes = 32 * 8
const everyBit = 0xffff_ffff_ffff_ffffn
const widths = status.uxl | status.sxl

/** The bits each register can hold. */
const bitsOf: Readonly<Record<RegisterName, bigint>> = {
  ...(Object.fromEntries(registerNames.map((name) => [name, everyBit])) as Registers),
  mstatus: machineStatus | widths,
  medeleg: delegable,
  mideleg: supervisorInterrupts,
  mie: allInterrupts,
  mip: supervisorInterrupts,
  mtvec: everyBit & ~2n,
  stvec: everyBit & ~2n,
  mepc: everyBit & ~1n,
  sepc: everyBit & ~1n,
  mcounteren: 0xffff_ffffn,
  scounteren: 0xffff_ffffn,
  mcountinhibit: 0n,
  menvcfg: stce | 1n,
  senvcfg: 1n,
  satp: (15n << 60n) | ((1n << 44n) - 1n),
}

/** How a hart packs its state. */
export const packHart = (extensions: ReadonlySet<string>, hart: SavedHart): SavedState => ({
  version: savedVersion,
  extensions: extensionList(extensions),
  ...hart,
  registers: { ...hart.registers },
})

/** Reads a hart's saved state. Throws `StateError` unless a hart with these extensions and this much RAM can be in it. */
export const unpackHart = (extensions: ReadonlySet<string>, ramSize: number, saved: SavedState): SavedHart => {
  const reader = new StateReader('a hart', saved, savedVersion)
  const expected = extensionList(extensions)
  if (reader.string('extensions') !== expected) reader.refuse('extensions', `the same as the hart has (${expected})`)
  const bytes = (key: string): Uint8Array => {
    const value = reader.bytes(key, registerBytes)
    return value.length === registerBytes ? value : reader.refuse(key, `${String(registerBytes)} bytes`)
  }
  const pmpConfig = reader.bytes('pmpConfig', Pmp.entries)
  const pmpAddress = reader.unsigneds('pmpAddress', Pmp.entries, 54)
  if (pmpConfig.length !== Pmp.entries || !pmpConfig.every((byte) => Pmp.isLegal(byte))) reader.refuse('pmpConfig', `${String(Pmp.entries)} legal configurations`)
  const lines = reader.unsigned('lines', 12)
  if ((lines & ~(allInterrupts & ~(1n << BigInt(interrupt.ssip)))) !== 0n) reader.refuse('lines', 'the mask of existing interrupt lines')
  const privilege = ([user, supervisor, machine] as const).find((level) => level === reader.integer('privilege', user, machine)) ?? reader.refuse('privilege', '0, 1 or 3')
  const open = (['none', 'device', 'hypercall'] as const).find((kind) => kind === reader.string('open')) ?? reader.refuse('open', '"none", "device" or "hypercall"')
  return {
    privilege,
    registers: unpackRegisters(reader, extensions),
    pmpConfig,
    pmpAddress,
    lines,
    retired: reader.integer('retired', 0, Number.MAX_SAFE_INTEGER),
    pc: reader.unsigned('pc', 64),
    x: bytes('x'),
    f: bytes('f'),
    fflags: reader.integer('fflags', 0, 31),
    frm: reader.integer('frm', 0, 7),
    reservation: reader.integer('reservation', 0, ramSize),
    reservedValue: reader.unsigned('reservedValue', 64),
    deviceAnswer: reader.integer('deviceAnswer', 0, 2),
    deviceValue: reader.unsigned('deviceValue', 64),
    waiting: reader.boolean('waiting'),
    started: reader.boolean('started'),
    open,
  }
}

const extensionList = (extensions: ReadonlySet<string>): string => [...extensions].sort().join(' ')

const unpackRegisters = (reader: StateReader, extensions: ReadonlySet<string>): Registers => {
  const fields = new StateReader('a hart’s registers', { ...reader.record('registers'), version: savedVersion }, savedVersion)
  const registers = Object.fromEntries(registerNames.map((name) => {
    const value = fields.unsigned(name, 64)
    return (value & ~bitsOf[name]) === 0n ? [name, value] : fields.refuse(name, `a value within the register's bits (0x${bitsOf[name].toString(16)})`)
  })) as Registers
  const { mstatus, satp, menvcfg, stimecmp } = registers
  const float = extensions.has('f') || (mstatus & status.fs) === 0n
  if ((mstatus & widths) !== widths || (mstatus & status.mpp) === 2n << 11n || !float) fields.refuse('mstatus', 'a status that the hart can have')
  if (!translationModes.includes(satp >> 60n)) fields.refuse('satp', 'a translation mode that the hart has')
  if (!extensions.has('sstc') && ((menvcfg & stce) !== 0n || stimecmp !== 0n)) fields.refuse('menvcfg', 'no Sstc, which the hart has not,')
  return registers
}
