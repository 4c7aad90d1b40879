import { GuestMemory, VirtualClock } from '@strata/machine'
import { SbiServer } from '../src/index.ts'
import type { RemoteFence, SbiCpu, SbiCpuStatus, SbiServerOptions } from '../src/index.ts'

/** A CPU that notes what is done to it. */
export class NotedCpu implements SbiCpu {
  readonly id: number
  status: SbiCpuStatus
  timerPending = false
  interrupts = 0
  started: { pc: bigint; opaque: bigint } | undefined
  readonly fences: RemoteFence[] = []
  readonly timer = { set: (level: boolean) => { this.timerPending = level } }
  constructor(id: number, status: SbiCpuStatus = 'started') {
    this.id = id
    this.status = status
  }
  interrupt(): void {
    this.interrupts++
  }
  start(pc: bigint, opaque: bigint): void {
    this.started = { pc, opaque }
    this.status = 'started'
  }
  stop(): void {
    this.status = 'stopped'
  }
  suspend(): void {
    this.status = 'suspended'
  }
  fence(fence: RemoteFence): void {
    this.fences.push(fence)
  }
}

export const ram = 0x8000_0000n
export const ramSize = 0x10_0000n

/** Two harts, 0 started and 1 stopped, unless given, and 1 MiB of RAM. */
export const guest = (options: Partial<SbiServerOptions> & { cpus?: readonly NotedCpu[] } = {}) => {
  const memory = GuestMemory.create({ size: Number(ramSize) })
  const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 1 })
  const cpus = options.cpus ?? [new NotedCpu(0), new NotedCpu(1, 'stopped')]
  const server = new SbiServer({ memory, clock, ...options, cpus })
  const call = (eid: bigint, fid: bigint, ...rest: bigint[]) => {
    const registers = [...rest, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6)
    return server.handle(cpus[0]?.id ?? 0, [...registers, fid, eid])
  }
  const hart = (index: number): NotedCpu => {
    const cpu = cpus[index]
    if (cpu === undefined) throw new Error('no such hart')
    return cpu
  }
  return { memory, clock, server, call, hart }
}
