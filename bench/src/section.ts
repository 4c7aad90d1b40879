import { native, qemu } from './compute.ts'
import { nativePrograms } from './program-suite.ts'
import { figure, spread } from './figures.ts'
import { geometricMean, median, pairedRatios, summarize } from './statistics.ts'
import { qemu as qemuGuest, strata } from './test-guest.ts'
import type { BootResults } from './boot.ts'
import type { Chart } from './chart.ts'
import type { ComputeResults, KernelResult } from './compute.ts'
import type { MachineDescription } from './machine-description.ts'
import type { IdleResults, MemoryResults } from './resting.ts'
import type { ProgramResults, ProgramRun } from './program-suite.ts'
import type { Summary } from './statistics.ts'
import type { Table } from './table.ts'

export type Results = ComputeResults | BootResults | MemoryResults | IdleResults | ProgramResults

/** A group's results, ready to be shown. */
export interface Section {
  readonly group: Results['group']
  readonly title: string
  readonly machine: MachineDescription
  readonly tables: readonly { readonly title: string; readonly table: Table }[]
  /** How to read them, in Markdown; a paragraph each. */
  readonly notes: readonly string[]
  readonly commands: readonly { readonly name: string; readonly command: string }[]
  readonly chart?: Chart
}

const ratios = (kernel: KernelResult, what: 'cpu' | 'wall', numerator: string, denominator: string): Summary =>
  pairedRatios(kernel.times[numerator]!.map((one) => one[what]), kernel.times[denominator]!.map((one) => one[what]))

const seconds = (kernel: KernelResult, name: string): number => summarize(kernel.times[name]!.map(({ cpu }) => cpu)).median

const computeTable = (results: ComputeResults, engine: string): Table => {
  const columns = ['kernel', 'native s', 'QEMU s', `${engine} s`, 'MIPS', '× QEMU’s speed', 'the same, wall', '× native’s time', 'QEMU’s × native']
  const rows = results.kernels.map((kernel) => [
    kernel.name,
    ...[native, qemu, engine].map((name) => figure(seconds(kernel, name))),
    figure(kernel.instructions / seconds(kernel, engine) / 1e6),
    spread(ratios(kernel, 'cpu', qemu, engine)),
    figure(ratios(kernel, 'wall', qemu, engine).median),
    spread(ratios(kernel, 'cpu', engine, native)),
    figure(ratios(kernel, 'cpu', qemu, native).median),
  ])
  const mean = (of: (kernel: KernelResult) => number): string => figure(geometricMean(results.kernels.map(of)))
  return {
    columns,
    rows: [...rows, [
      'geometric mean', '', '', '',
      mean((kernel) => kernel.instructions / seconds(kernel, engine) / 1e6),
      mean((kernel) => ratios(kernel, 'cpu', qemu, engine).median),
      mean((kernel) => ratios(kernel, 'wall', qemu, engine).median),
      mean((kernel) => ratios(kernel, 'cpu', engine, native).median),
      mean((kernel) => ratios(kernel, 'cpu', qemu, native).median),
    ]],
  }
}

const computeSection = (results: ComputeResults): Section => {
  const engines = results.contestants.map(({ name }) => name).filter((name) => name !== native && name !== qemu)
  return {
    group: 'compute',
    title: 'Compute',
    machine: results.machine,
    tables: engines.map((engine) => ({ title: engine, table: computeTable(results, engine) })),
    notes: [
      `Small programs in C (\`kernels/\`), compiled alike for both machines: ${results.kernels.map(({ name, what }) => `**${name}**: ${what}`).join('; ')}. `
      + 'Each runs as a program of the host, and on a bare board in machine mode in QEMU and in Strata, the same file. All must print the same checksum, or the run fails.',
      'Times are of a long run less those of a short one, a fifth as long: what a program takes to start cancels out. They are processor time (user and system, of all threads, '
      + 'so that a compiler in the background counts), medians over the rounds. MIPS: guest instructions that Strata’s hart retired in that difference, in millions a second. '
      + 'Ratios are made in each round, in which contestants take turns: median (least–greatest).',
    ],
    commands: [
      ...results.contestants,
      { name: 'compiler for the guest', command: results.compilers.guest },
      { name: 'compiler for native', command: results.compilers.native },
    ],
    chart: {
      title: 'Speed of compute kernels relative to QEMU (further right is faster)',
      series: [...engines, native],
      rows: results.kernels.map((kernel) => ({
        label: kernel.name, values: [...engines, native].map((name) => ratios(kernel, 'cpu', qemu, name).median),
      })),
      reference: { value: 1, label: 'QEMU' },
    },
  }
}

const versusQemu = (names: readonly string[], values: (name: string) => readonly number[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, name === qemuGuest ? '' : spread(pairedRatios(values(name), values(qemuGuest)))]))

const guestNote = ({ guest }: Exclude<Results, ComputeResults>): string =>
  `The guest: Debian’s kernel ${guest.kernelVersion}, unmodified, an initramfs of Debian’s busybox and a script, ${guest.memory} of RAM, one CPU; kernel and initramfs are the same files for all.`

const bootSection = (results: BootResults): Section => {
  const names = results.contestants.map(({ name }) => name)
  const values = (name: string, what: 'wall' | 'cpu' | 'userland'): readonly number[] => results.times[name]!.map((one) => one[what])
  const ratio = { wall: versusQemu(names, (name) => values(name, 'wall')), cpu: versusQemu(names, (name) => values(name, 'cpu')) }
  return {
    group: 'boot',
    title: 'Boot',
    machine: results.machine,
    tables: [{
      title: 'From the start of the program to the guest’s power-off',
      table: {
        columns: ['', 'to userland s', 'to power-off s', 'CPU s', 'instructions, millions', '× QEMU’s time', '× QEMU’s CPU time'],
        rows: names.map((name) => {
          const instructions = results.times[name]!.flatMap((one) => (one.instructions === undefined ? [] : [one.instructions / 1e6]))
          return [
            name, ...(['userland', 'wall', 'cpu'] as const).map((what) => spread(summarize(values(name, what)))),
            instructions.length === 0 ? '' : spread(summarize(instructions)), ratio.wall[name]!, ratio.cpu[name]!,
          ]
        }),
      },
    }],
    notes: [
      guestNote(results),
      'Nothing is subtracted: the emulators’ own start is part of what somebody waits for. Userland is reached when the guest’s first process prints its line. '
      + 'QEMU also runs its firmware, OpenSBI, of which Strata’s guests have no need.',
    ],
    commands: results.contestants,
  }
}

const mebibytes = (bytes: number): number => bytes / 2 ** 20

const memorySection = (results: MemoryResults): Section => ({
  group: 'memory',
  title: 'Memory',
  machine: results.machine,
  tables: [{
    title: 'MiB of the process, while the guest waits at its shell',
    table: {
      columns: ['', 'resident', 'of it the guest’s RAM', 'above the guest’s RAM', 'peak above the guest’s RAM'],
      rows: results.contestants.map(({ name }) => {
        const of = (what: (one: MemoryResults['memory'][string][number]) => number): string => spread(summarize(results.memory[name]!.map((one) => mebibytes(what(one)))))
        return [name, of((one) => one.resident), of((one) => one.guest), of((one) => one.resident - one.guest), of((one) => one.peak - one.guest)]
      }),
    },
  }],
  notes: [
    guestNote(results),
    'Resident and peak are VmRSS and VmHWM of `/proc/PID/status`, 3 s after the prompt. The guest’s RAM is one mapping of the process; the pages of it that were ever touched, by the guest or to load '
    + 'it, are those that `/proc/PID/pagemap` has as present. The tables and caches that Strata’s engine keeps in the same WebAssembly memory, below the guest’s RAM, count as Strata’s.',
  ],
  commands: results.contestants,
})

const idleSection = (results: IdleResults): Section => ({
  group: 'idle',
  title: 'Idle',
  machine: results.machine,
  tables: [{
    title: 'An idle guest’s share of a core',
    table: {
      columns: ['', '%'],
      rows: results.contestants.map(({ name }) => [name, spread(summarize(results.share[name]!.map((share) => share * 100)))]),
    },
  }],
  notes: [
    guestNote(results),
    `Processor time of the whole process (\`/proc/PID/stat\`, to 10 ms) in ${results.seconds} s, from 3 s after the shell’s prompt, with nobody typing.`,
  ],
  commands: results.contestants,
})

/** Figures of one kind that a program gives: `cost` is less for the faster. */
interface ProgramFigure {
  readonly label: string
  readonly cost: (run: ProgramRun) => number
}

const programFigures = ({ name, runs }: ProgramResults['programs'][number]): readonly ProgramFigure[] => {
  const rates = Object.keys(Object.values(runs)[0]?.[0]?.rates ?? {})
  return rates.length === 0 ? [{ label: name, cost: ({ cpu }) => cpu }] : rates.map((rate) => ({ label: `${name} ${rate}`, cost: (run) => 1 / run.rates![rate]! }))
}

const programSection = (results: ProgramResults): Section => {
  const all = results.programs.flatMap((program) => programFigures(program).map(({ label, cost }) => {
    const costs = (name: string): readonly number[] => program.runs[name]?.map(cost) ?? []
    const timed = program.runs[strata]![0]!.rates === undefined
    const natively = costs(nativePrograms).length > 0
    return {
      label,
      seconds: timed ? figure(median(costs(strata))) : '',
      faster: pairedRatios(costs(qemuGuest), costs(strata)),
      slower: natively ? pairedRatios(costs(strata), costs(nativePrograms)) : undefined,
      qemuSlower: natively ? pairedRatios(costs(qemuGuest), costs(nativePrograms)) : undefined,
    }
  }))
  const mean = (summaries: readonly (Summary | undefined)[]): string => {
    const medians = summaries.flatMap((summary) => (summary === undefined ? [] : [summary.median]))
    return medians.length === 0 ? '' : figure(geometricMean(medians))
  }
  const optional = (summary: Summary | undefined): string => (summary === undefined ? '' : spread(summary))
  return {
    group: 'programs',
    title: 'Programs',
    machine: results.machine,
    tables: [{
      title: 'Debian’s programs',
      table: {
        columns: ['program', 'strata s', '× QEMU’s speed', '× native’s time', 'QEMU’s × native'],
        rows: [
          ...all.map(({ label, seconds, faster, slower, qemuSlower }) => [label, seconds, spread(faster), optional(slower), optional(qemuSlower)]),
          ['geometric mean', '', mean(all.map(({ faster }) => faster)), mean(all.map(({ slower }) => slower)), mean(all.map(({ qemuSlower }) => qemuSlower))],
        ],
      },
    }],
    notes: [
      `Programs as Debian builds them, riscv64 in the guests and the host’s architecture natively, one thread each: ${results.programs.map(({ name, what }) => `**${name}**: ${what}`).join('; ')}. `
      + 'They run one after another in one guest a round. Those that say themselves how fast they were (7z b, openssl speed, zstd -b) are taken at their word, by the guest’s clock; of the others, '
      + 'the processor time of the emulating process counts, between marks on the console that the host sees, and what they print must be the same on all; the host runs each ten times and takes a tenth. '
      + 'Natively, some use instructions of the host’s CPU made for their very task (SHA, AES, vectors), which the guest’s CPU does not have.',
      guestNote(results),
    ],
    commands: results.contestants,
    chart: {
      title: 'Speed of Debian’s programs relative to QEMU (further right is faster)',
      series: [strata],
      rows: all.map(({ label, faster }) => ({ label, values: [faster.median] })),
      reference: { value: 1, label: 'QEMU' },
    },
  }
}

/** Makes a group's results readable. */
export const sectionOf = (results: Results): Section => {
  switch (results.group) {
    case 'compute':
      return computeSection(results)
    case 'boot':
      return bootSection(results)
    case 'memory':
      return memorySection(results)
    case 'idle':
      return idleSection(results)
    case 'programs':
      return programSection(results)
  }
}
