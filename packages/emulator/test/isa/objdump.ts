import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Line {
  readonly length: number
  /** Mnemonic, a blank, operands; comments left out. */
  readonly text: string
}

const architecture = 'rv64gc_zicsr_zifencei_zihintpause_zba_zbb_zbs'

/**
 * What GNU objdump makes of raw code at address 0, by offset, if it knows the extensions above and no others. It takes
 * them from an object file's attributes, so the code is put into one; the assembler's marks of data are stripped.
 */
export const objdump = (code: Uint8Array): ReadonlyMap<number, Line> => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-objdump-'))
  const run = (tool: string, ...options: readonly string[]): string =>
    execFileSync(`riscv64-linux-gnu-${tool}`, options, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 30 })
  try {
    writeFileSync(join(folder, 'code.bin'), code)
    writeFileSync(join(folder, 'code.s'), `.attribute arch, "${architecture}"\n.text\n.incbin "code.bin"\n`)
    run('as', '-o', 'code.o', 'code.s')
    run('strip', 'code.o')
    const output = run('objdump', '-M', 'no-aliases', '--section=.text', '--disassemble-all', '--disassemble-zeroes', 'code.o')
    const lines = new Map<number, Line>()
    for (const [, at, digits, text] of output.matchAll(/^ *([0-9a-f]+):\t([0-9a-f]+) *\t(.*)$/gm)) {
      const plain = text!.replace(/ *(#|<).*$/, '').replace('\t', ' ').trim()
      lines.set(parseInt(at!, 16), { length: digits!.length / 2, text: plain })
    }
    return lines
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
