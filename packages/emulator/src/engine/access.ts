import type { Code, FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import type { I32, I64 } from '../wasm/value.ts'
import { i32, i64, load, loads, select, stores } from '../wasm/value.ts'
import { cells, deviceAnswer, leave, pageHoldsCode } from './layout.ts'
import { readTable, tlbEntry, tlbHit, tlbPlace, writeTable } from './tlb.ts'

/** How an ISA translates addresses and numbers its faults. */
export interface Translation {
  /**
   * `translate(cpu, address, kind) → guest-physical address`, kind being 0 to read, 1 to write, 2 to execute; plus 4 to
   * ask without any effect on memory. On failure
   * sets the cells `fault`, `cause` and `trapValue`, and returns anything.
   */
  readonly translate: FunctionRef<readonly ['i32', 'i64', 'i32'], 'i64'>
  /** The causes of refused accesses, and of atomic reads and writes at an address that is not a multiple of their width. */
  readonly causes: { readonly load: number; readonly store: number; readonly misalignedReserved: number; readonly misalignedAtomic: number }
}

/** The ways to memory that are not inline: everything but an aligned access whose page is in the table. */
export interface AccessFunctions {
  /** `(cpu, address, width | sign ? 16 : 0)`: the value, or anything with cell `fault` set. */
  readonly loadSlow: FunctionRef<readonly ['i32', 'i64', 'i32'], 'i64'>
  /** `(cpu, address, value, width)`; sets cell `fault` if it did not happen. */
  readonly storeSlow: FunctionRef<readonly ['i32', 'i64', 'i64', 'i32'], undefined>
  /** `(cpu, address, width, writes)`: where the aligned operand is in linear memory, or 0 with cell `fault` set. */
  readonly atomicPlace: FunctionRef<readonly ['i32', 'i64', 'i32', 'i32'], 'i32'>
}

const cell32 = (cpu: I32, offset: number): I32 => load(loads.i32, cpu, offset)
const cell64 = (cpu: I32, offset: number): I64 => load(loads.i64, cpu, offset)

/**
 * Defines the slow paths. `codeWritten(page)` is imported: it is told that a RAM page with decoded code is about to be
 * written.
 */
export const defineAccess = (module: ModuleBuilder, translation: Translation, codeWritten: FunctionRef<readonly ['i32'], undefined>): AccessFunctions => {
  const { translate, causes } = translation

  /** `(cpu, physical, width)`: place in linear memory, or 0 if it is not RAM. */
  const ramPlace = module.function('ram_place', ['i32', 'i64', 'i32'], 'i32', (c, cpu, physical, width) => {
    const offset = c.let(i64.sub(physical, cell64(cpu, cells.ramBase)))
    const last = i64.sub(cell64(cpu, cells.ramSize), i64.extendU(width))
    c.return(select(i64.gtU(offset, last), i32.const(0), i32.add(i32.wrap(offset), cell32(cpu, cells.ramOffset))))
  })

  /** Notes a refused access. */
  const refuse = module.function('refuse', ['i32', 'i64', 'i32'], undefined, (c, cpu, address, cause) => {
    c.store(stores.i32, cpu, i32.const(leave.trap), cells.fault)
    c.store(stores.i32, cpu, cause, cells.cause)
    c.store(stores.i64, cpu, address, cells.trapValue)
  })

  /** `(cpu, address, physical, width, writes, value)`: asks a device, or takes its answer. */
  const device = module.function('device', ['i32', 'i64', 'i64', 'i32', 'i32', 'i64'], 'i64', (c, cpu, address, physical, width, writes, value) => {
    const answer = c.let(cell32(cpu, cells.deviceAnswer))
    c.store(stores.i32, cpu, i32.const(deviceAnswer.none), cells.deviceAnswer)
    c.if(i32.eq(answer, i32.const(deviceAnswer.ready)), () => {
      c.return(cell64(cpu, cells.deviceValue))
    })
    c.if(i32.eq(answer, i32.const(deviceAnswer.refused)), () => {
      c.call(refuse, cpu, address, select(writes, i32.const(causes.store), i32.const(causes.load)))
      c.return(i64.const(0n))
    })
    c.store(stores.i32, cpu, i32.const(leave.device), cells.fault)
    c.store(stores.i64, cpu, physical, cells.deviceAddress)
    c.store(stores.i64, cpu, value, cells.deviceValue)
    c.store(stores.i32, cpu, width, cells.deviceWidth)
    c.store(stores.i32, cpu, writes, cells.deviceWrites)
    c.return(i64.const(0n))
  })

  /** Puts a page into a table of the block in use. */
  const fillEntry = module.function('fill_entry', ['i32', 'i64', 'i32'], undefined, (c, table, address, place) => {
    const entry = c.let(tlbEntry(table, address))
    c.store(stores.i64, entry, i64.and(address, i64.const(-4096n)))
    c.store(stores.i32, entry, i32.sub(place, i32.wrap(address)), 8)
  })

  /**
   * `(cpu, place)`: before a store. If code was decoded from that page it is dropped, perhaps the very slot that is being
   * executed: then the result is 1, and the instruction is to be left undone and decoded again.
   */
  const dropsCode = module.function('drops_code', ['i32', 'i32'], 'i32', (c, cpu, place) => {
    const page = c.let(i32.shrU(i32.sub(place, cell32(cpu, cells.ramOffset)), i32.const(12)))
    c.if(i32.eqz(i32.and(load(loads.i32u8, i32.add(page, cell32(cpu, cells.pageFlags))), i32.const(pageHoldsCode))), () => {
      c.return(i32.const(0))
    })
    c.call(codeWritten, page)
    c.store(stores.i32, cpu, i32.const(leave.again), cells.fault)
    c.return(i32.const(1))
  })

  const signed = 16
  /** Reads `how & 15` bytes at a place in linear memory. */
  const readPlace = module.function('read_place', ['i32', 'i32'], 'i64', (c, place, how) => {
    const each: readonly [number, I64][] = [
      [1, load(loads.i64u8, place)],
      [1 | signed, load(loads.i64s8, place)],
      [2, load(loads.i64u16, place)],
      [2 | signed, load(loads.i64s16, place)],
      [4, load(loads.i64u32, place)],
      [4 | signed, load(loads.i64s32, place)],
    ]
    for (const [code, value] of each) {
      c.if(i32.eq(how, i32.const(code)), () => {
        c.return(value)
      })
    }
    c.return(load(loads.i64, place))
  })
  const writePlace = module.function('write_place', ['i32', 'i64', 'i32'], undefined, (c, place, value, width) => {
    for (const [code, how] of [[1, stores.i64u8], [2, stores.i64u16], [4, stores.i64u32], [8, stores.i64]] as const) {
      c.if(i32.eq(width, i32.const(code)), () => {
        c.store(how, place, value)
      })
    }
  })

  /** Sign-extends the low `how & 15` bytes if `how` says so. */
  const extend = module.function('extend', ['i64', 'i32'], 'i64', (c, value, how) => {
    const shift = c.let(i64.extendU(i32.sub(i32.const(64), i32.shl(i32.and(how, i32.const(15)), i32.const(3)))))
    const up = c.let(i64.shl(value, shift))
    c.return(select(i32.and(how, i32.const(signed)), i64.shrS(up, shift), i64.shrU(up, shift)))
  })

  /** Where the `done`th byte of an access lies whose first `inFirst` bytes are at `first` and whose others are at `second`. */
  const bytePlace = (done: I32, inFirst: I32, first: I32, second: I32): I32 =>
    select(i32.ltU(done, inFirst), i32.add(first, done), i32.add(second, i32.sub(done, inFirst)))

  /**
   * An access that crosses into another page: hands over the places of both parts, having noted a fault and returned if
   * one of them is not accessible RAM. (A device is never asked in parts.)
   */
  const twoPages = (
    c: Code,
    given: { readonly cpu: I32; readonly address: I64; readonly physical: I64; readonly width: I32; readonly kind: 0 | 1; readonly failed: () => void },
    then: (inFirst: I32, first: I32, second: I32) => void,
  ): void => {
    const { cpu, address, physical, width, kind, failed } = given
    c.if(i32.gtU(i32.add(i32.and(i32.wrap(address), i32.const(0xfff)), width), i32.const(0x1000)), () => {
      const inFirst = c.let(i32.sub(i32.const(0x1000), i32.and(i32.wrap(address), i32.const(0xfff))))
      const secondPhysical = c.callFor(translate, cpu, i64.add(address, i64.extendU(inFirst)), i32.const(kind))
      c.if(cell32(cpu, cells.fault), failed)
      const first = c.callFor(ramPlace, cpu, physical, inFirst)
      const second = c.callFor(ramPlace, cpu, secondPhysical, i32.sub(width, inFirst))
      c.if(i32.or(i32.eqz(first), i32.eqz(second)), () => {
        c.call(refuse, cpu, address, i32.const(kind === 0 ? causes.load : causes.store))
        failed()
      })
      then(inFirst, first, second)
    })
  }

  const loadSlow = module.function('load_slow', ['i32', 'i64', 'i32'], 'i64', (c, cpu, address, how) => {
    const width = c.let(i32.and(how, i32.const(15)))
    const failed = (): void => {
      c.return(i64.const(0n))
    }
    c.store(stores.i32, cpu, i32.const(0), cells.fault)
    const physical = c.callFor(translate, cpu, address, i32.const(0))
    c.if(cell32(cpu, cells.fault), failed)
    twoPages(c, { cpu, address, physical, width, kind: 0, failed }, (inFirst, first, second) => {
      const value = c.variable(i64.const(0n))
      const done = c.variable(i32.const(0))
      c.loop((again) => {
        const byte = load(loads.i64u8, bytePlace(done, inFirst, first, second))
        c.set(value, i64.or(value, i64.shl(byte, i64.extendU(i32.shl(done, i32.const(3))))))
        c.set(done, i32.add(done, i32.const(1)))
        c.brIf(again, i32.ltU(done, width))
      })
      c.return(c.callFor(extend, value, how))
    })
    const place = c.callFor(ramPlace, cpu, physical, width)
    c.if(i32.eqz(place), () => {
      const value = c.callFor(device, cpu, address, physical, width, i32.const(0), i64.const(0n))
      c.return(c.callFor(extend, value, how))
    })
    c.call(fillEntry, i32.add(cell32(cpu, cells.tlb), i32.const(readTable)), address, place)
    c.return(c.callFor(readPlace, place, how))
  })

  const storeSlow = module.function('store_slow', ['i32', 'i64', 'i64', 'i32'], undefined, (c, cpu, address, value, width) => {
    c.store(stores.i32, cpu, i32.const(0), cells.fault)
    const physical = c.callFor(translate, cpu, address, i32.const(1))
    c.if(cell32(cpu, cells.fault), () => {
      c.return()
    })
    twoPages(c, { cpu, address, physical, width, kind: 1, failed: () => { c.return() } }, (inFirst, first, second) => {
      const dropped = c.callFor(dropsCode, cpu, first)
      c.if(i32.or(dropped, c.callFor(dropsCode, cpu, second)), () => {
        c.return()
      })
      const done = c.variable(i32.const(0))
      c.loop((again) => {
        c.store(stores.i64u8, bytePlace(done, inFirst, first, second), i64.shrU(value, i64.extendU(i32.shl(done, i32.const(3)))))
        c.set(done, i32.add(done, i32.const(1)))
        c.brIf(again, i32.ltU(done, width))
      })
      c.return()
    })
    const place = c.callFor(ramPlace, cpu, physical, width)
    c.if(i32.eqz(place), () => {
      const kept = c.callFor(extend, value, width)
      c.call(device, cpu, address, physical, width, i32.const(1), kept)
      c.return()
    })
    c.if(c.callFor(dropsCode, cpu, place), () => {
      c.return()
    })
    c.call(fillEntry, i32.add(cell32(cpu, cells.tlb), i32.const(writeTable)), address, place)
    c.call(writePlace, place, value, width)
  })

  const atomicPlace = module.function('atomic_place', ['i32', 'i64', 'i32', 'i32'], 'i32', (c, cpu, address, width, writes) => {
    for (const size of [4, 8]) {
      c.if(i32.eq(width, i32.const(size)), () => {
        const entry = c.let(tlbEntry(cell32(cpu, cells.tlb), address))
        // Most atomics write; a page that may be written may be read by them too.
        c.if(tlbHit(entry, writeTable, address, size), () => {
          c.return(tlbPlace(entry, writeTable, address))
        })
      })
    }
    c.store(stores.i32, cpu, i32.const(0), cells.fault)
    c.if(i32.and(i32.wrap(address), i32.sub(width, i32.const(1))), () => {
      c.call(refuse, cpu, address, select(writes, i32.const(causes.misalignedAtomic), i32.const(causes.misalignedReserved)))
      c.return(i32.const(0))
    })
    const physical = c.callFor(translate, cpu, address, writes)
    c.if(cell32(cpu, cells.fault), () => {
      c.return(i32.const(0))
    })
    const place = c.callFor(ramPlace, cpu, physical, width)
    c.if(i32.eqz(place), () => {
      c.call(refuse, cpu, address, select(writes, i32.const(causes.store), i32.const(causes.load)))
      c.return(i32.const(0))
    })
    c.if(writes, () => {
      c.if(c.callFor(dropsCode, cpu, place), () => {
        c.return(i32.const(0))
      })
      c.call(fillEntry, i32.add(cell32(cpu, cells.tlb), i32.const(writeTable)), address, place)
    })
    c.return(place)
  })

  return { loadSlow, storeSlow, atomicPlace }
}
