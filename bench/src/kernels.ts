import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A piece of compute-bound work in `kernels/`, one file of C. */
export interface Kernel {
  readonly name: string
  readonly what: string
  /** How often it is repeated in a long run: some tenths of a second natively. */
  readonly repetitions: number
}

export const kernels: readonly Kernel[] = [
  { name: 'sha256', what: 'SHA-256 of 16 KiB', repetitions: 3000 },
  { name: 'sort', what: 'quicksort of 20,000 records with callbacks', repetitions: 75 },
  { name: 'bytecode', what: 'a bytecode interpreter', repetitions: 125 },
  { name: 'matrix', what: '96 × 96 matrix product, double', repetitions: 600 },
  { name: 'nbody', what: 'five bodies, 2,000 steps, double', repetitions: 1500 },
  { name: 'strings', what: 'words, searches, numbers', repetitions: 400 },
  { name: 'pointers', what: 'a linked list in random order, 4 MiB', repetitions: 200 },
  { name: 'memory', what: '96 MiB in order and page by page', repetitions: 10 },
  { name: 'crc-sieve', what: 'CRC-32, then prime numbers', repetitions: 250 },
]

/** The part of a long run's repetitions that a short one has. */
export const shortPart: number = 1 / 5

export interface BuiltKernel {
  /** An ELF file for a bare board, and a program of the host. */
  readonly guest: string
  readonly native: string
}

const common = ['-O2', '-std=c11', '-Wall', '-Wextra', '-Werror', '-ffreestanding']
// Results must be the same everywhere: no fused multiply-add unless written. And square roots without errno, loops that
// stay loops: no calls of a library that only the host has.
const same = ['-ffp-contract=off', '-fno-math-errno', '-fno-tree-loop-distribute-patterns']
const bare = ['-march=rv64gc', '-mabi=lp64d', '-mcmodel=medany', '-fno-pic', '-static', '-no-pie', '-nostdlib', '-Wl,--build-id=none']

/** The compilers' command lines, as text for readers. */
export const compilerCommands: Readonly<Record<'guest' | 'native', string>> = {
  guest: ['riscv64-linux-gnu-gcc', ...common, ...same, ...bare, '-Wl,-T,bare.ld'].join(' '),
  native: ['gcc', ...common, ...same].join(' '),
}

/** Compiles a kernel that repeats itself so often, into `folder`. Rejects with what the compiler said. */
export const buildKernel = async (kernel: Kernel, repetitions: number, sources: string, folder: string): Promise<BuiltKernel> => {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${kernel.name}-${repetitions}`)
  const define = `-DREPETITIONS=${repetitions}`
  const source = (name: string): string => join(sources, name)
  const built = { guest: `${path}.elf`, native: path }
  await execute('riscv64-linux-gnu-gcc', [...common, ...same, ...bare, `-Wl,-T,${source('bare.ld')}`, define, source('bare.c'), source(`${kernel.name}.c`), '-o', built.guest])
  await execute('gcc', [...common, ...same, define, source('native.c'), source(`${kernel.name}.c`), '-o', built.native])
  return built
}
