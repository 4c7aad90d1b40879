import { join } from 'node:path'
import { describeMachine } from './machine-description.ts'
import { markedRun } from './marked-run.ts'
import { writeTree } from './native-tree.ts'
import { obtainPeers, peers, versionOf } from './peers.ts'
import { makeNativeTree, makeProgramGuest, programMemory } from './program-guest.ts'
import { OutputError, programs } from './programs.ts'
import { guestRunners } from './test-guest.ts'
import type { GuestContestant } from './boot.ts'
import type { GroupOptions, LeftOut } from './group.ts'
import type { MachineDescription } from './machine-description.ts'
import type { MarkedRun } from './marked-run.ts'
import type { RunTimes } from './measured-run.ts'
import type { Program } from './programs.ts'

export const nativePrograms = 'native'

/** A run of a program; with figures of its own where it measures itself. */
export interface ProgramRun extends RunTimes {
  readonly rates?: Readonly<Record<string, number>>
}

export interface ProgramResults {
  readonly group: 'programs'
  readonly machine: MachineDescription
  readonly guest: { readonly kernelVersion: string; readonly memory: string }
  readonly contestants: readonly GuestContestant[]
  readonly programs: readonly {
    readonly name: string
    readonly what: string
    /** For each contestant, a round each. */
    readonly runs: Readonly<Record<string, readonly ProgramRun[]>>
  }[]
}

/** How often the host runs a program in a round: most take it a tenth of a second, and time is told to 10 ms. */
const nativeTimes = 10

/** How long a contestant may take for all programs, in seconds. */
const patience = 1800

interface Runner extends GuestContestant {
  /** How often it runs what does not time itself, between the marks. */
  readonly times: number
  readonly run: () => Promise<ReadonlyMap<string, MarkedRun>>
}

const nativeRunner = async (folder: string): Promise<Runner | undefined> => {
  const tree = process.getuid?.() === 0 ? await makeNativeTree(programs) : undefined
  if (tree === undefined) return undefined
  await writeTree(tree, folder)
  const args = ['/usr/bin/busybox', 'sh', '/programs/run-all', String(nativeTimes)]
  return { name: nativePrograms, command: `chroot TREE ${args.join(' ')}`, times: nativeTimes, run: () => markedRun('chroot', [folder, ...args], patience) }
}

const runOf = ({ name: contestant, times }: Runner, program: Program, found: MarkedRun | undefined): ProgramRun => {
  if (found?.status !== 0) {
    throw new OutputError(`${contestant}: ${program.name} ${found === undefined ? 'never ended' : `failed with status ${found.status} and printed:\n${found.output}`}`)
  }
  const { wall, cpu, output } = found
  return program.rates === undefined ? { wall: wall / times, cpu: cpu / times } : { wall, cpu, rates: program.rates(output) }
}

/** Runs Debian's programs: for the guest's architecture in the guests, for the host's on the host. */
export const measurePrograms = async (options: GroupOptions): Promise<ProgramResults | LeftOut> => {
  const reason = obtainPeers([peers.qemu, peers.qemuFirmware])
  if (reason !== undefined) return { group: 'programs', reason }
  const machine = describeMachine({ qemu: await versionOf('qemu-system-riscv64') })
  options.report('programs: obtaining packages')
  const guest = await makeProgramGuest(programs, options.work)
  const native = await nativeRunner(join(options.work, 'native'))
  const runners: readonly Runner[] = [
    ...(native === undefined ? [] : [native]),
    ...guestRunners.map(({ name, command, program, args }) => ({ name, command, times: 1, run: () => markedRun(program, args(guest), patience) })),
  ]
  const runs = new Map(programs.map(({ name }) => [name, Object.fromEntries(runners.map((runner) => [runner.name, [] as ProgramRun[]]))]))
  const outputs = new Map<string, string>()
  for (let round = 0; round < options.rounds; round++) {
    for (const runner of runners) {
      options.report(`programs, round ${round + 1} of ${options.rounds}: ${runner.name}`)
      const found = await runner.run()
      for (const program of programs) {
        const one = found.get(program.name)
        runs.get(program.name)![runner.name]!.push(runOf(runner, program, one))
        if (program.rates !== undefined || one === undefined) continue
        const expected = outputs.get(program.name) ?? one.output
        if (one.output !== expected) throw new OutputError(`${runner.name}: ${program.name} printed\n${one.output}\nwhere others printed\n${expected}`)
        outputs.set(program.name, expected)
      }
    }
  }
  return {
    group: 'programs',
    machine,
    guest: { kernelVersion: guest.kernelVersion, memory: programMemory },
    contestants: runners.map(({ name, command }) => ({ name, command })),
    programs: programs.map(({ name, what }) => ({ name, what, runs: runs.get(name)! })),
  }
}
