import { fileURLToPath } from 'node:url'
import { bareBoard } from './bare-board.ts'
import { engines } from './engines.ts'
import { buildKernel, compilerCommands, kernels, shortPart } from './kernels.ts'
import { measuredRun } from './measured-run.ts'
import { describeMachine } from './machine-description.ts'
import { obtainPeers, peers, versionOf } from './peers.ts'
import type { BuiltKernel } from './kernels.ts'
import type { MachineDescription } from './machine-description.ts'
import type { RunTimes } from './measured-run.ts'
import type { GroupOptions, LeftOut } from './group.ts'

export const native = 'native'
export const qemu = 'qemu'

/** Who takes part, and the command line that is measured. */
export interface Contestant {
  readonly name: string
  readonly command: string
}

export interface KernelResult {
  readonly name: string
  readonly what: string
  readonly repetitions: { readonly short: number; readonly long: number }
  /** What every contestant printed after the long run. */
  readonly checksum: string
  /** Guest instructions that the long run retires more than the short one. */
  readonly instructions: number
  /** For each contestant, a round each: what the long run took more than the short one, in seconds. */
  readonly times: Readonly<Record<string, readonly RunTimes[]>>
}

export interface ComputeResults {
  readonly group: 'compute'
  readonly machine: MachineDescription
  readonly contestants: readonly Contestant[]
  readonly compilers: Readonly<Record<'guest' | 'native', string>>
  readonly kernels: readonly KernelResult[]
}

interface Runner extends Contestant {
  readonly program: string
  readonly args: (built: BuiltKernel) => readonly string[]
}

const kernelProcess = fileURLToPath(new URL('kernel-process.js', import.meta.url))

const qemuArgs = ['-M', 'virt', '-m', `${bareBoard.ram / 2 ** 20}M`, '-bios', 'none', '-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-kernel']

const runnersOf = async (nodes: readonly string[]): Promise<readonly Runner[]> => {
  const ours = await Promise.all(nodes.map(async (node) => ({ node, version: await versionOf(node) })))
  return [
    { name: native, command: './KERNEL', program: '', args: () => [] },
    { name: qemu, command: `qemu-system-riscv64 ${qemuArgs.join(' ')} KERNEL.elf`, program: 'qemu-system-riscv64', args: ({ guest }) => [...qemuArgs, guest] },
    ...ours.flatMap(({ node, version }, index) => engines.map(({ name }): Runner => ({
      name: index === 0 ? name : `${name}, Node ${version.replace('v', '')}`,
      command: `node bench/dist/kernel-process.js ${name} KERNEL.elf`,
      program: node,
      args: ({ guest }) => [kernelProcess, name, guest],
    }))),
  ]
}

interface Run extends RunTimes {
  readonly checksum: string
  readonly instructions: number | undefined
}

const run = async (runner: Runner, built: BuiltKernel): Promise<Run> => {
  const { wall, cpu, stdout } = await measuredRun(runner.program === '' ? built.native : runner.program, runner.args(built))
  const [checksum = '', instructions] = stdout.trim().split(/\s+/)
  return { wall, cpu, checksum, instructions: instructions === undefined ? undefined : Number(instructions) }
}

/** How often a pair of runs is tried of which the long one took no longer: noise was all that was measured. */
const attempts = 3

interface Pair {
  readonly more: Run
  readonly times: RunTimes
  readonly instructions: number | undefined
}

/** A short and a long run. Throws if the long one keeps taking no longer. */
const pair = async (runner: Runner, short: BuiltKernel, long: BuiltKernel): Promise<Pair> => {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const less = await run(runner, short)
    const more = await run(runner, long)
    const times = { wall: more.wall - less.wall, cpu: more.cpu - less.cpu }
    const instructions = more.instructions === undefined || less.instructions === undefined ? undefined : more.instructions - less.instructions
    if (times.wall > 0 && times.cpu > 0) return { more, times, instructions }
  }
  throw new Error(`${runner.name}: in ${attempts} attempts, five times the work of ${long.native} took no longer: raise --scale, or wait until the machine is quiet`)
}

/** The one value that all have. Throws if they differ: then something computed wrongly, and its time means nothing. */
const agreed = (kernel: string, what: string, values: ReadonlyMap<string, string | number>): string => {
  const different = new Set(values.values())
  const [only] = different
  if (different.size === 1 && only !== undefined && only !== '') return String(only)
  throw new Error(`${kernel}: expected the same ${what} from all, got ${[...values].map(([name, value]) => `${name}: ${value}`).join(', ')}`)
}

/** Runs the kernels in rounds, in which contestants take turns. */
export const measureCompute = async (options: GroupOptions): Promise<ComputeResults | LeftOut> => {
  const reason = obtainPeers([peers.qemu, peers.crossCompiler, peers.compiler, peers.library])
  if (reason !== undefined) return { group: 'compute', reason }
  const machine = describeMachine({
    qemu: await versionOf('qemu-system-riscv64'), gcc: await versionOf('gcc'), 'cross gcc': await versionOf('riscv64-linux-gnu-gcc'),
  })
  const runners = await runnersOf([process.execPath, ...options.nodes])
  const chosen = kernels.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  const results: KernelResult[] = []
  for (const kernel of chosen) {
    const long = Math.max(5, Math.round(kernel.repetitions * options.scale))
    const short = Math.max(1, Math.round(long * shortPart))
    const builtShort = await buildKernel(kernel, short, options.sources, options.work)
    const builtLong = await buildKernel(kernel, long, options.sources, options.work)
    const times: Record<string, RunTimes[]> = Object.fromEntries(runners.map(({ name }) => [name, []]))
    const checksums = new Map<string, string>()
    const instructions = new Map<string, number>()
    for (let round = 0; round < options.rounds; round++) {
      for (const runner of runners) {
        options.report(`${kernel.name}, round ${round + 1} of ${options.rounds}: ${runner.name}`)
        const measured = await pair(runner, builtShort, builtLong)
        times[runner.name]!.push(measured.times)
        checksums.set(runner.name, measured.more.checksum)
        if (measured.instructions !== undefined) instructions.set(runner.name, measured.instructions)
      }
      agreed(kernel.name, 'checksum', checksums)
    }
    results.push({
      name: kernel.name,
      what: kernel.what,
      repetitions: { short, long },
      checksum: agreed(kernel.name, 'checksum', checksums),
      instructions: Number(agreed(kernel.name, 'number of instructions', instructions)),
      times,
    })
  }
  return {
    group: 'compute', machine, contestants: runners.map(({ name, command }) => ({ name, command })), compilers: compilerCommands, kernels: results,
  }
}
