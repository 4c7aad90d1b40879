import type { Translation } from '../../engine/access.ts'
import { cells, leave } from '../../engine/layout.ts'
import type { FunctionRef } from '../../wasm/code.ts'
import type { ModuleBuilder } from '../../wasm/module.ts'
import type { I32, I64 } from '../../wasm/value.ts'
import { i32, i64, load, loads, select, stores } from '../../wasm/value.ts'
import { largeLeafSlots, riscvCells } from './state.ts'

/** Exception codes (Privileged Architecture, `mcause`). */
export const cause = {
  fetchAccess: 1,
  illegal: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  loadAccess: 5,
  storeMisaligned: 6,
  storeAccess: 7,
  callFromUser: 8,
  callFromSupervisor: 9,
  callFromMachine: 11,
  fetchPage: 12,
  loadPage: 13,
  storePage: 15,
} as const

const bit = { v: 1n, r: 2n, w: 4n, x: 8n, u: 16n, g: 32n, a: 64n, d: 128n } as const
/** Bits 54 and up: reserved, Svpbmt and Svnapot, none of which this CPU has. */
const reservedBits = 0xffc0_0000_0000_0000n

/**
 * Address translation: Sv39, Sv48, Sv57 and Bare, with hardware updates of the accessed and dirty bits (Privileged
 * Architecture, "Virtual Address Translation Process"), and PMP checked for the page table's words as for the access.
 * `pmpDenies(cpu, page, kind, privilege)` is imported and asked only while PMP has entries; PMP's grain is a page.
 */
export const defineTranslation = (module: ModuleBuilder, pmpDenies: FunctionRef<readonly ['i32', 'i32', 'i32', 'i32'], 'i32'>): Translation => {
  const cell32 = (cpu: I32, offset: number): I32 => load(loads.i32, cpu, offset)
  /** Number of the physical page; physical addresses have at most 44 bits here, as wider ones reach no memory or device. */
  const pageOf = (physical: I64): I32 => i32.wrap(i64.shrU(physical, i64.const(12n)))
  /** Picks a cause by the kind of access. */
  const byKind = (kind: I32, read: number, write: number, execute: number): I32 =>
    select(i32.eqz(kind), i32.const(read), select(i32.eq(kind, i32.const(1)), i32.const(write), i32.const(execute)))

  const fail = module.function('translation_fails', ['i32', 'i64', 'i32'], 'i64', (c, cpu, address, code) => {
    c.store(stores.i32, cpu, i32.const(leave.trap), cells.fault)
    c.store(stores.i32, cpu, code, cells.cause)
    c.store(stores.i64, cpu, address, cells.trapValue)
    c.return(i64.const(0n))
  })

  /** `(cpu, address, physical, kind, privilege)`: the physical address, once PMP allows it. */
  const checked = module.function('pmp_checked', ['i32', 'i64', 'i64', 'i32', 'i32'], 'i64', (c, cpu, address, physical, kind, privilege) => {
    c.if(cell32(cpu, riscvCells.pmpActive), () => {
      c.if(c.callFor(pmpDenies, cpu, pageOf(physical), kind, privilege), () => {
        c.return(c.callFor(fail, cpu, address, byKind(kind, cause.loadAccess, cause.storeAccess, cause.fetchAccess)))
      })
    })
    c.return(physical)
  })

  const translate = module.function('translate', ['i32', 'i64', 'i32'], 'i64', (c, cpu, address, how) => {
    // Bit 2 asks for no marks in the page table: where they are missing, the translation fails.
    const probes = c.let(i32.and(how, i32.const(4)))
    const kind = c.let(i32.and(how, i32.const(3)))
    c.store(stores.i32, cpu, i32.const(0), cells.fault)
    const privilege = c.let(select(i32.eq(kind, i32.const(2)), cell32(cpu, riscvCells.fetchPrivilege), cell32(cpu, riscvCells.dataPrivilege)))
    const levels = c.let(cell32(cpu, riscvCells.levels))
    c.if(i32.or(i32.eqz(levels), i32.eq(privilege, i32.const(3))), () => {
      c.return(c.callFor(checked, cpu, address, address, kind, privilege))
    })
    const pageFault = (): void => {
      c.return(c.callFor(fail, cpu, address, byKind(kind, cause.loadPage, cause.storePage, cause.fetchPage)))
    }
    // An address must be the sign extension of its low 39, 48 or 57 bits.
    const unused = c.let(i64.extendU(i32.sub(i32.const(52), i32.mul(levels, i32.const(9)))))
    c.if(i64.ne(i64.shrS(i64.shl(address, unused), unused), address), pageFault)

    const shift = c.variable(i32.add(i32.const(3), i32.mul(levels, i32.const(9))))
    const table = c.variable(load(loads.i64, cpu, riscvCells.root))
    const entry = c.local('i64')
    const place = c.local('i32')
    c.loop((again) => {
      const physical = c.let(i64.add(table, i64.and(i64.shrU(address, i64.extendU(i32.sub(shift, i32.const(3)))), i64.const(0xff8n))))
      const accessFault = (): void => {
        c.return(c.callFor(fail, cpu, address, byKind(kind, cause.loadAccess, cause.storeAccess, cause.fetchAccess)))
      }
      const offset = c.let(i64.sub(physical, load(loads.i64, cpu, cells.ramBase)))
      c.if(i64.gtU(offset, i64.sub(load(loads.i64, cpu, cells.ramSize), i64.const(8n))), accessFault)
      c.if(cell32(cpu, riscvCells.pmpActive), () => {
        c.if(c.callFor(pmpDenies, cpu, pageOf(physical), i32.const(0), i32.const(1)), accessFault)
      })
      c.set(place, i32.add(i32.wrap(offset), cell32(cpu, cells.ramOffset)))
      c.set(entry, load(loads.i64, place))
      const flags = c.let(i64.and(entry, i64.const(bit.v | bit.r | bit.w)))
      // Invalid, or writable without being readable, or with reserved bits.
      c.if(
        i32.or(
          i32.or(i64.eqz(i64.and(entry, i64.const(bit.v))), i64.eq(flags, i64.const(bit.v | bit.w))),
          i64.ne(i64.and(entry, i64.const(reservedBits)), i64.const(0n)),
        ),
        pageFault,
      )
      const frame = i64.shl(i64.shrU(i64.shl(entry, i64.const(10n)), i64.const(20n)), i64.const(12n))
      c.if(i64.eqz(i64.and(entry, i64.const(bit.r | bit.x))), () => {
        // A pointer to the next level: A, D and U are reserved in it.
        c.if(i64.ne(i64.and(entry, i64.const(bit.a | bit.d | bit.u)), i64.const(0n)), pageFault)
        c.if(i32.leU(shift, i32.const(12)), pageFault)
        c.set(table, frame)
        c.set(shift, i32.sub(shift, i32.const(9)))
        c.br(again)
      })
    })

    // Permissions. MXR lets loads read what may be executed; SUM lets S read and write U's pages.
    const has = (mask: bigint): I32 => i64.ne(i64.and(entry, i64.const(mask)), i64.const(0n))
    const readable = i32.or(has(bit.r), i32.and(i32.ne(cell32(cpu, riscvCells.mxr), i32.const(0)), has(bit.x)))
    c.if(i32.eqz(select(i32.eqz(kind), readable, select(i32.eq(kind, i32.const(1)), has(bit.w), has(bit.x)))), pageFault)
    c.if(
      i32.eqz(privilege),
      () => {
        c.if(i32.eqz(has(bit.u)), pageFault)
      },
      () => {
        const permitted = i32.and(i32.ne(kind, i32.const(2)), i32.ne(cell32(cpu, riscvCells.sum), i32.const(0)))
        c.if(i32.and(has(bit.u), i32.eqz(permitted)), pageFault)
      },
    )
    const frame = c.let(i64.shl(i64.shrU(i64.shl(entry, i64.const(10n)), i64.const(20n)), i64.const(12n)))
    const within = c.let(i64.sub(i64.shl(i64.const(1n), i64.extendU(shift)), i64.const(1n)))
    // A superpage is aligned to its size.
    c.if(i64.ne(i64.and(frame, within), i64.const(0n)), pageFault)
    const marks: I64 = i64.extendU(select(i32.eq(kind, i32.const(1)), i32.const(Number(bit.a | bit.d)), i32.const(Number(bit.a))))
    const updated = c.let(i64.or(entry, marks))
    c.if(i64.ne(updated, entry), () => {
      c.if(probes, pageFault)
      c.if(cell32(cpu, riscvCells.pmpActive), () => {
        const physical = i64.add(load(loads.i64, cpu, cells.ramBase), i64.extendU(i32.sub(place, cell32(cpu, cells.ramOffset))))
        c.if(c.callFor(pmpDenies, cpu, pageOf(physical), i32.const(1), i32.const(1)), () => {
          c.return(c.callFor(fail, cpu, address, byKind(kind, cause.loadAccess, cause.storeAccess, cause.fetchAccess)))
        })
      })
      c.store(stores.i64, place, updated)
    })
    c.if(i32.gtU(shift, i32.const(12)), () => {
      c.store(stores.i32u8, i32.add(cell32(cpu, riscvCells.largeLeaves), i32.and(i32.wrap(i64.shrU(address, i64.const(21n))), i32.const(largeLeafSlots - 1))), i32.const(1))
      c.if(i32.gtU(shift, i32.const(21)), () => {
        c.store(stores.i32, cpu, i32.const(1), riscvCells.hugeLeaf)
      })
    })
    c.return(c.callFor(checked, cpu, address, i64.or(frame, i64.and(address, within)), kind, privilege))
  })

  return {
    translate,
    causes: { load: cause.loadAccess, store: cause.storeAccess, misalignedReserved: cause.loadMisaligned, misalignedAtomic: cause.storeMisaligned },
  }
}
