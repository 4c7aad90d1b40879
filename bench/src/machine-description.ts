import { cpus, loadavg, release, totalmem } from 'node:os'

/** What measurements were made on. */
export interface MachineDescription {
  readonly cpu: string
  readonly cores: number
  /** Bytes of RAM. */
  readonly memory: number
  readonly kernel: string
  readonly node: string
  /** When, in ISO 8601, UTC. */
  readonly date: string
  /** Processes that wanted a core in the minute before: what else the machine was doing. */
  readonly load: number
  /** First lines of what the programs it was compared with say of themselves, by name. */
  readonly versions: Readonly<Record<string, string>>
}

export const describeMachine = (versions: Readonly<Record<string, string>>): MachineDescription => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memory: totalmem(),
  kernel: release(),
  node: process.versions.node,
  date: new Date().toISOString(),
  load: Math.round(loadavg()[0]! * 100) / 100,
  versions,
})
