import { extensionNames, instructionSet } from '@strata/emulator'
import type { ExtensionName, Row } from '@strata/emulator'

/** What a group of rows, or an extension without any, is for. */
const titles: Readonly<Record<ExtensionName | 'privileged' | 'zcd', string>> = {
  i: 'base integer instructions',
  privileged: 'always there: machine, supervisor and user mode, PMP with 16 entries, Sv39, Sv48, Sv57',
  m: 'multiplication and division',
  a: 'atomic instructions',
  f: 'single-precision floating point',
  d: 'double-precision floating point',
  c: 'compressed instructions',
  zcd: 'compressed loads and stores of doubles: with both `c` and `d`',
  zicntr: 'counters: `cycle`, `time`, `instret`',
  zicsr: 'control and status registers',
  zifencei: 'instruction-fetch fence',
  zihpm: 'performance counters, all of which read 0',
  zba: 'address generation',
  zbb: 'basic bit manipulation',
  zbs: 'single bits',
  sstc: 'supervisor timer: `stimecmp`',
}

const how: Readonly<Record<Row['kind'], string>> = {
  meaning: 'emitted as WebAssembly',
  rewrite: 'decoded as another instruction',
  service: 'executed by TypeScript',
}

/** The fixed bits of an encoding, dots for its operands, highest bit first. */
const pattern = ({ mask, match, length }: Row): string => {
  const bits = Array.from({ length: length * 8 }, (_, index) => length * 8 - 1 - index)
  return bits.map((bit) => ((mask >>> bit) & 1 ? String((match >>> bit) & 1) : '.')).join('')
}

const cell = (text: string): string => `\`${text}\``

/** What the emulator supports of RISC-V, as Markdown, read from the tables that it executes. */
export const riscvPage = (): string => {
  const { rows, isa } = instructionSet()
  const missing = [...extensionNames, ...rows.map(({ extension }) => extension)].filter((name) => !Object.hasOwn(titles, name))
  if (missing.length > 0) throw new Error(`not described: ${[...new Set(missing)].join(', ')}`)
  const groups = Object.entries(titles).map(([name, title]) => ({ name, title, own: rows.filter(({ extension }) => extension === name) }))
  return [
    '# RISC-V: what is supported',
    '',
    '<!-- Generated from the instruction tables by `npm run docs`; a test says when it is out of date. -->',
    '',
    `\`${isa}\`: ${rows.length} instructions. Which of the extensions a CPU has is chosen with \`instructionSet\` ([emulator](../packages/emulator/README.md)).`,
    '',
    '| extension | | instructions |',
    '|---|---|---|',
    ...groups.map(({ name, title, own }) => `| ${own.length > 0 ? `[${name}](#${name})` : name} | ${title} | ${own.length > 0 ? own.length : ''} |`),
    '',
    ...groups.filter(({ own }) => own.length > 0).flatMap(({ name, own }) => [
      `## ${name}`,
      '',
      '| instruction | operands | encoding | |',
      '|---|---|---|---|',
      ...own.map((row) => `| ${cell(row.mnemonic)} | ${row.format.syntax === '' ? '' : cell(row.format.syntax)} | ${cell(pattern(row))} | ${how[row.kind]} |`),
      '',
    ]),
  ].join('\n')
}
