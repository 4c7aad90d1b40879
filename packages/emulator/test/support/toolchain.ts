import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const tool = (name: string, folder: string, options: readonly string[]): string =>
  execFileSync(`riscv64-linux-gnu-${name}`, options, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 })

// Without relaxation, no code expects gp to hold anything.
const common = ['-mabi=lp64d', '-static', '-nostdlib', '-mno-relax', '-Wl,--no-relax', '-Wl,--build-id=none']

/** A program for a bare machine: its bytes from the link address on, and the addresses of its symbols. */
export interface Program {
  readonly bytes: Uint8Array
  readonly symbols: ReadonlyMap<string, bigint>
}

/** Assembles and links GNU assembly, preprocessed as C, at `address`. */
export const assemble = (source: string, address: number): Program => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-guest-'))
  try {
    writeFileSync(join(folder, 'guest.S'), source)
    const march = '-march=rv64imafdc_zicsr_zifencei_zba_zbb_zbs'
    tool('gcc', folder, [march, ...common, `-Wl,-Ttext=0x${address.toString(16)}`, '-Wl,-e,0', '-o', 'guest.elf', 'guest.S'])
    tool('objcopy', folder, ['-O', 'binary', 'guest.elf', 'guest.bin'])
    const symbols = [...tool('nm', folder, ['guest.elf']).matchAll(/^([0-9a-f]+) \w (\S+)$/gm)].map(([, at, name]) => [name!, BigInt(`0x${at!}`)] as const)
    return { bytes: new Uint8Array(readFileSync(join(folder, 'guest.bin'))), symbols: new Map(symbols) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Compiles a freestanding C program for Linux into `folder` and returns its path. */
export const compileForLinux = (source: string, folder: string): string => {
  tool('gcc', folder, ['-march=rv64gc', ...common, '-O1', '-ffreestanding', '-Wall', '-Wextra', '-Werror', '-o', 'program', source])
  return join(folder, 'program')
}
