import type { Row } from '../../engine/table.ts'
import { a } from './a.ts'
import { c, cWithD } from './c.ts'
import { d } from './d.ts'
import { IsaError } from './errors.ts'
import { f } from './f.ts'
import { i, zifencei } from './i.ts'
import { m } from './m.ts'
import { privileged } from './privileged.ts'
import { zba } from './zba.ts'
import { zbb } from './zbb.ts'
import { zbs } from './zbs.ts'
import { zicsr } from './zicsr.ts'

interface Extension {
  readonly rows: readonly Row[]
  readonly requires: readonly ExtensionName[]
}

/** What a CPU may have, in the order of an ISA string (unprivileged specification, chapter "ISA Extension Naming"). */
export type ExtensionName = 'i' | 'm' | 'a' | 'f' | 'd' | 'c' | 'zicntr' | 'zicsr' | 'zifencei' | 'zihpm' | 'zba' | 'zbb' | 'zbs' | 'sstc'

// Machine and supervisor modes are always there and need control registers, hence the first line.
const extensions: Readonly<Record<ExtensionName, Extension>> = {
  i: { rows: [...i, ...privileged], requires: ['zicsr'] },
  m: { rows: m, requires: ['i'] },
  a: { rows: a, requires: ['i'] },
  f: { rows: f, requires: ['i', 'zicsr'] },
  d: { rows: d, requires: ['f'] },
  c: { rows: c, requires: ['i'] },
  zicntr: { rows: [], requires: ['zicsr'] },
  zicsr: { rows: zicsr, requires: ['i'] },
  zifencei: { rows: zifencei, requires: ['i'] },
  zihpm: { rows: [], requires: ['zicntr'] },
  zba: { rows: zba, requires: ['i'] },
  zbb: { rows: zbb, requires: ['i'] },
  zbs: { rows: zbs, requires: ['i'] },
  sstc: { rows: [], requires: ['zicntr'] },
}

/** Every extension there is, in canonical order. */
export const extensionNames: readonly ExtensionName[] = Object.keys(extensions) as ExtensionName[]

/** The rows of every extension. */
export const allRows: readonly Row[] = [...extensionNames.flatMap((name) => extensions[name].rows), ...cWithD]

/** A CPU's instruction set. */
export interface InstructionSet {
  readonly extensions: ReadonlySet<ExtensionName>
  readonly rows: readonly Row[]
  /** The device tree's `riscv,isa`: `rv64imac_zicsr`. */
  readonly isa: string
  /** The device tree's `riscv,isa-base`. */
  readonly isaBase: 'rv64i'
  /** The device tree's `riscv,isa-extensions`. */
  readonly isaExtensions: readonly ExtensionName[]
}

const isName = (name: string): name is ExtensionName => Object.hasOwn(extensions, name)

/**
 * The instruction set of a CPU with exactly these extensions, in any order. Throws `IsaError` `ERR_ISA_EXTENSION` if one
 * is unknown or repeated, or needs another that is not in the list.
 */
export const instructionSet = (names: Iterable<string> = extensionNames): InstructionSet => {
  const chosen = new Set<ExtensionName>()
  for (const name of names) {
    if (!isName(name)) throw new IsaError('ERR_ISA_EXTENSION', `expected extensions out of ${extensionNames.join(', ')} but got "${name}"`)
    if (chosen.has(name)) throw new IsaError('ERR_ISA_EXTENSION', `expected each extension once but got "${name}" twice`)
    chosen.add(name)
  }
  if (!chosen.has('i')) throw new IsaError('ERR_ISA_EXTENSION', `expected the base "i" among the extensions but got ${[...chosen].join(', ') || 'none'}`)
  for (const name of chosen) {
    for (const needed of extensions[name].requires) {
      if (!chosen.has(needed)) throw new IsaError('ERR_ISA_EXTENSION', `extension "${name}" needs "${needed}": add it, or leave out "${name}"`)
    }
  }
  const ordered = extensionNames.filter((name) => chosen.has(name))
  const letters = ordered.filter((name) => name.length === 1).join('')
  const words = ordered.filter((name) => name.length > 1)
  return {
    extensions: chosen,
    rows: [...ordered.flatMap((name) => extensions[name].rows), ...(chosen.has('c') && chosen.has('d') ? cWithD : [])],
    isa: [`rv64${letters}`, ...words].join('_'),
    isaBase: 'rv64i',
    isaExtensions: ordered,
  }
}
