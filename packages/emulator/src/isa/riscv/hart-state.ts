import type { Clock, GuestMemory, IrqLine, Timer } from '@strata/machine'
import { Core } from '../../engine/core.ts'
import type { CoreIsa, CoreOptions } from '../../engine/core.ts'
import { cells, deviceAnswer } from '../../engine/layout.ts'
import type { FunctionRef } from '../../wasm/code.ts'
import { defineFloat } from '../../float/define.ts'
import type { CsrHost, Registers } from './csr.ts'
import { registerNames, stce } from './csr.ts'
import { riscvDecoder } from './decoder.ts'
import type { InstructionSet } from './extensions.ts'
import { Pmp } from './pmp.ts'
import type { InterruptName, Privilege } from './privilege.ts'
import { interrupt, interruptPriority, machine, status, supervisor, user } from './privilege.ts'
import type { SavedHart } from './saved-hart.ts'
import { largeLeafSlots, registerFiles, riscvCells } from './state.ts'
import { cause, defineTranslation } from './walk.ts'

/** Blocks of translation tables: a privilege's permissions each; S apart by SUM; M's data accesses under MPRV. */
const modes = { user: 0, supervisor: 1, supervisorSum: 2, machine: 3, modified: 4 } as const
const modeCount = 5

const interruptBit = 1n << 63n
const mask = (n: number): bigint => 1n << BigInt(n)
const float = { off: 0n, dirty: 3n << 13n } as const

/** What the engine needs of memory beside RAM, in bytes. */
export const reservedBytes = (harts: number, ramSize: number): number =>
  Core.reservedBytes({ modes: modeCount, areaBytes: largeLeafSlots }, harts, ramSize)

/**
 * A hart's architectural state beyond its registers, and what follows from it: privilege, control registers,
 * interrupts, traps, address translation (Privileged Architecture, machine and supervisor levels).
 */
export class HartState implements CsrHost {
  readonly core: Core
  readonly pmp: Pmp = new Pmp()
  readonly id: number
  readonly extensions: ReadonlySet<string>
  readonly registers: Registers = Object.fromEntries(registerNames.map((name) => [name, 0n])) as Registers
  readonly #clock: Clock
  #privilege: Privilege = machine
  /** Interrupts that lines hold high. */
  #lines = 0n
  #timer: Timer | undefined
  /** Whether M's data accesses are translated as another privilege's. */
  #modified = false
  retiredCount = 0

  constructor(memory: GuestMemory, clock: Clock, id: number, set: InstructionSet, engine: CoreOptions) {
    this.id = id
    this.extensions = set.extensions
    this.#clock = clock
    const isa: CoreIsa = {
      decoder: riscvDecoder(set.rows),
      files: { ...registerFiles },
      stateCells: riscvCells,
      modes: modeCount,
      areaBytes: largeLeafSlots,
      imports: {
        pmp_denies: (_cpu: number, page: number, kind: number, privilege: number) => (this.pmp.denies(page >>> 0, kind, privilege) ? 1 : 0),
      },
      isLong: (halfword) => (halfword & 3) === 3,
      fetchFault: cause.fetchAccess,
      declare: (module) => {
        const denies = module.import('pmp_denies', ['i32', 'i32', 'i32', 'i32'], 'i32')
        return {
          translation: () => defineTranslation(module, denies),
          helpers: (): Readonly<Record<string, FunctionRef>> => (set.extensions.has('f') ? defineFloat(module) : {}),
        }
      },
    }
    this.core = new Core(memory, isa, engine)
    this.core.setCell(riscvCells.largeLeaves, this.core.isaArea)
  }

  get privilege(): Privilege {
    return this.#privilege
  }
  set privilege(level: Privilege) {
    this.#privilege = level
    this.#selectTranslation()
  }

  register(index: number): bigint {
    return this.core.cell64(registerFiles.x.offset + 8 * index)
  }
  setRegister(index: number, value: bigint): void {
    if (index !== 0) this.core.setCell64(registerFiles.x.offset + 8 * index, BigInt.asUintN(64, value))
  }
  get pc(): bigint {
    return this.core.cell64(cells.pc)
  }
  set pc(value: bigint) {
    this.core.setCell64(cells.pc, BigInt.asUintN(64, value))
  }

  /** Power-on state, at `pc` in the given privilege. */
  reset(pc: bigint, privilege: Privilege): void {
    for (const name of registerNames) this.registers[name] = 0n
    this.registers.mstatus = status.uxl | status.sxl
    for (let i = 1; i < 32; i++) this.setRegister(i, 0n)
    for (let i = 0; i < 32; i++) this.core.setCell64(registerFiles.f.offset + 8 * i, 0n)
    for (const name of ['fflags', 'frm', 'floatDirty'] as const) this.core.setCell(riscvCells[name], 0)
    this.core.setCell(cells.reservation, 0)
    this.core.setCell(cells.deviceAnswer, deviceAnswer.none)
    this.pmp.reset()
    this.pc = pc
    this.#privilege = privilege
    this.timerChanged()
    this.translationChanged()
    this.#floatChanged()
  }

  /** What firmware sets up before it starts a kernel in S: everything delegated, memory and counters open. */
  openToSupervisor(): void {
    this.pmp.allowAll()
    this.registers.medeleg = 0xb1ffn
    this.registers.mideleg = 0x222n
    this.registers.mcounteren = 0xffff_ffffn
    // Linux leaves this as it finds it, and its vDSO reads the time in user mode.
    this.registers.scounteren = 7n
    if (this.extensions.has('sstc')) this.registers.menvcfg = stce
    this.timerChanged()
    this.translationChanged()
  }

  // Interrupts.

  /** A pin. SSIP has none: it is a bit that others set and the guest clears, so raising it makes it pending once. */
  line(name: InterruptName): IrqLine {
    const bit = mask(interrupt[name])
    if (name === 'ssip') {
      return {
        set: (level) => {
          this.registers.mip = level ? this.registers.mip | bit : this.registers.mip & ~bit
        },
      }
    }
    return {
      set: (level) => {
        this.#lines = level ? this.#lines | bit : this.#lines & ~bit
      },
    }
  }

  pending(): bigint {
    return this.registers.mip | this.#lines
  }

  /** The interrupt to be taken now, or undefined. */
  interruptToTake(): number | undefined {
    const enabled = this.pending() & this.registers.mie
    if (enabled === 0n) return undefined
    const { mstatus, mideleg } = this.registers
    const forMachine = enabled & ~mideleg
    const forSupervisor = enabled & mideleg
    const machineOpen = this.#privilege < machine || (mstatus & status.mie) !== 0n
    const supervisorOpen = this.#privilege < supervisor || (this.#privilege === supervisor && (mstatus & status.sie) !== 0n)
    const candidates = machineOpen && forMachine !== 0n ? forMachine : supervisorOpen ? forSupervisor : 0n
    return candidates === 0n ? undefined : interruptPriority.find((n) => (candidates & mask(n)) !== 0n)
  }

  /** Whether WFI is over: an enabled interrupt is pending, wherever it would go. */
  wakes(): boolean {
    return (this.pending() & this.registers.mie) !== 0n
  }

  // Traps.

  /** Enters a trap handler; `pc` is the instruction's (or, for an interrupt, the next one's). */
  trap(code: number, value: bigint, isInterrupt: boolean): void {
    const r = this.registers
    const delegated = ((isInterrupt ? r.mideleg : r.medeleg) & mask(code)) !== 0n && this.#privilege !== machine
    const number = BigInt(code) | (isInterrupt ? interruptBit : 0n)
    const vector = delegated ? r.stvec : r.mtvec
    if (delegated) {
      r.sepc = this.pc
      r.scause = number
      r.stval = value
      const enabled = (r.mstatus & status.sie) !== 0n
      r.mstatus &= ~(status.sie | status.spie | status.spp)
      if (enabled) r.mstatus |= status.spie
      if (this.#privilege === supervisor) r.mstatus |= status.spp
    } else {
      r.mepc = this.pc
      r.mcause = number
      r.mtval = value
      const enabled = (r.mstatus & status.mie) !== 0n
      r.mstatus &= ~(status.mie | status.mpie | status.mpp)
      if (enabled) r.mstatus |= status.mpie
      r.mstatus |= BigInt(this.#privilege) << 11n
    }
    // A device may have answered already, but what is executed next is not the instruction that asked.
    this.core.setCell(cells.deviceAnswer, deviceAnswer.none)
    this.pc = (vector & ~3n) + (isInterrupt && (vector & 1n) === 1n ? 4n * BigInt(code) : 0n)
    this.privilege = delegated ? supervisor : machine
  }

  /** SRET. */
  returnFromSupervisor(): void {
    const r = this.registers
    const previous = (r.mstatus & status.spp) !== 0n ? supervisor : user
    const enabled = (r.mstatus & status.spie) !== 0n
    r.mstatus &= ~(status.sie | status.spp | status.mprv)
    r.mstatus |= status.spie | (enabled ? status.sie : 0n)
    this.pc = r.sepc
    this.privilege = previous
  }

  /** MRET. */
  returnFromMachine(): void {
    const r = this.registers
    const previous = Number((r.mstatus & status.mpp) >> 11n) as Privilege
    const enabled = (r.mstatus & status.mpie) !== 0n
    r.mstatus &= ~(status.mie | status.mpp)
    r.mstatus |= status.mpie | (enabled ? status.mie : 0n)
    if (previous !== machine) r.mstatus &= ~status.mprv
    this.pc = r.mepc
    this.privilege = previous
  }

  // Control registers.

  readStatus(): bigint {
    if (this.core.cell(riscvCells.floatDirty) !== 0) this.registers.mstatus |= float.dirty
    const value = this.registers.mstatus
    return (value & status.fs) === float.dirty ? value | status.sd : value
  }

  writeStatus(value: bigint, writable: bigint): void {
    const before = this.readStatus() & ~status.sd
    let after = (before & ~writable) | (value & writable)
    // MPP is WARL: 2 is no privilege. FS does not exist without F.
    if ((after & status.mpp) === 2n << 11n) after = (after & ~status.mpp) | (before & status.mpp)
    if (!this.extensions.has('f')) after &= ~status.fs
    this.registers.mstatus = after
    this.core.setCell(riscvCells.floatDirty, 0)
    this.#floatChanged()
    if (((before ^ after) & status.mxr) !== 0n) this.flush()
    this.#selectTranslation()
  }

  readFloat(name: 'fflags' | 'frm'): number {
    return this.core.cell(riscvCells[name])
  }
  writeFloat(name: 'fflags' | 'frm', value: number): void {
    this.core.setCell(riscvCells[name], value)
    this.core.setCell(riscvCells.floatDirty, 1)
  }
  floatEnabled(): boolean {
    return this.core.cell(riscvCells.floatEnabled) !== 0
  }

  time(): bigint {
    return BigInt(this.#clock.now())
  }
  retired(): bigint {
    return BigInt(this.retiredCount)
  }

  /** `stimecmp` or whether it is in use changed: STIP follows the clock. */
  timerChanged(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if ((this.registers.menvcfg & stce) === 0n) return
    const stip = mask(interrupt.stip)
    const { stimecmp } = this.registers
    if (stimecmp <= this.time()) {
      this.registers.mip |= stip
      return
    }
    this.registers.mip &= ~stip
    if (stimecmp > BigInt(Number.MAX_SAFE_INTEGER)) return
    this.#timer = this.#clock.schedule(Number(stimecmp), () => {
      this.registers.mip |= stip
    })
  }

  // Translation.

  translationChanged(): void {
    const { satp } = this.registers
    const mode = Number(satp >> 60n)
    this.core.setCell(riscvCells.levels, mode === 0 ? 0 : mode - 5)
    this.core.setCell64(riscvCells.root, (satp & (mask(44) - 1n)) << 12n)
    this.core.setCell(riscvCells.pmpActive, this.pmp.active ? 1 : 0)
    this.flush()
    this.#selectTranslation()
  }

  /** SFENCE.VMA: forgets translations, of one page if an address is given. */
  fence(address?: bigint): void {
    const { core } = this
    const inLargeLeaf = (va: bigint): boolean => core.view.getUint8(core.isaArea + Number((va >> 21n) & BigInt(largeLeafSlots - 1))) !== 0
    if (address === undefined || core.cell(riscvCells.hugeLeaf) !== 0 || inLargeLeaf(address)) this.flush()
    else core.tables.flushPage(address)
  }

  flush(): void {
    const { core } = this
    core.tables.flush()
    core.setCell(riscvCells.hugeLeaf, 0)
    new Uint8Array(core.view.buffer, core.isaArea, largeLeafSlots).fill(0)
  }

  #selectTranslation(): void {
    const { mstatus } = this.registers
    const data = this.#privilege === machine && (mstatus & status.mprv) !== 0n ? (Number((mstatus & status.mpp) >> 11n) as Privilege) : this.#privilege
    const sum = (mstatus & status.sum) !== 0n
    const { core } = this
    core.setCell(riscvCells.fetchPrivilege, this.#privilege)
    core.setCell(riscvCells.dataPrivilege, data)
    core.setCell(riscvCells.sum, sum ? 1 : 0)
    core.setCell(riscvCells.mxr, (mstatus & status.mxr) !== 0n ? 1 : 0)
    core.tables.selectWay(this.#privilege === machine ? 1 : 0)
    const modified = data !== this.#privilege
    // The block for MPRV serves whatever it stands for at the time.
    if (modified || this.#modified) core.tables.flushMode(modes.modified)
    this.#modified = modified
    if (modified) core.tables.selectMode(modes.modified)
    else if (data === supervisor) core.tables.selectMode(sum ? modes.supervisorSum : modes.supervisor)
    else core.tables.selectMode(data === machine ? modes.machine : modes.user)
  }

  #floatChanged(): void {
    this.core.setCell(riscvCells.floatEnabled, (this.registers.mstatus & status.fs) === float.off ? 0 : 1)
  }

  // State.

  /**
   * Everything but what `RiscvHart` adds. Translations are forgotten, as they are by whoever is restored: from here on
   * both see the same, even of page tables that were changed without a fence.
   */
  save(): Omit<SavedHart, 'waiting' | 'started' | 'open'> {
    this.readStatus()
    this.flush()
    const { core } = this
    const block = (offset: number, length: number): Uint8Array => new Uint8Array(core.view.buffer, core.block + offset, length).slice()
    const reservation = core.cell(cells.reservation) >>> 0
    return {
      privilege: this.#privilege,
      registers: { ...this.registers },
      pmpConfig: this.pmp.config.slice(),
      pmpAddress: [...this.pmp.address],
      lines: this.#lines,
      retired: this.retiredCount,
      pc: this.pc,
      x: block(registerFiles.x.offset, 32 * 8),
      f: block(registerFiles.f.offset, 32 * 8),
      fflags: core.cell(riscvCells.fflags),
      frm: core.cell(riscvCells.frm),
      reservation: reservation === 0 ? 0 : reservation - core.memory.offset + 1,
      reservedValue: core.cell64(cells.reservedValue),
      deviceAnswer: core.cell(cells.deviceAnswer),
      deviceValue: core.cell64(cells.deviceValue),
    }
  }

  restore(state: SavedHart): void {
    const { core } = this
    Object.assign(this.registers, state.registers)
    this.#lines = state.lines
    this.retiredCount = state.retired
    this.pc = state.pc
    this.pmp.config.set(state.pmpConfig)
    this.pmp.address.set(state.pmpAddress)
    this.pmp.refresh()
    new Uint8Array(core.view.buffer, core.block + registerFiles.x.offset, 32 * 8).set(state.x)
    core.setCell64(registerFiles.x.offset, 0n)
    new Uint8Array(core.view.buffer, core.block + registerFiles.f.offset, 32 * 8).set(state.f)
    core.setCell(riscvCells.fflags, state.fflags)
    core.setCell(riscvCells.frm, state.frm)
    core.setCell(riscvCells.floatDirty, 0)
    core.setCell(cells.reservation, state.reservation === 0 ? 0 : state.reservation - 1 + core.memory.offset)
    core.setCell64(cells.reservedValue, state.reservedValue)
    core.setCell(cells.deviceAnswer, state.deviceAnswer)
    core.setCell64(cells.deviceValue, state.deviceValue)
    this.#privilege = state.privilege
    this.timerChanged()
    this.translationChanged()
    this.#floatChanged()
  }
}
