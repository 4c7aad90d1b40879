import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Aclint, Bus, GuestMemory, HostClock, Machine, MemoryConsole, Ns16550a, SifiveTest, VirtualClock } from '../src/index.ts'
import { FakeCpu } from './fake-cpu.ts'
import { codeOfAsync, Pin } from './support.ts'
import type { Program, Step } from './fake-cpu.ts'
import type { Clock, HypercallHandler, MachineHost } from '../src/index.ts'

const work = (instructions: number): Step => ({ do: 'work', instructions })
const poweroff: Step = { do: 'write', address: 0x10_0000, value: 0x5555n }
const forever: Step = work(Infinity)

/** A real host: timers and event loop of Node. Counts what is asked of it. */
class TestHost implements MachineHost {
  yields = 0
  readonly sleeps: number[] = []

  now(): number {
    return performance.now()
  }

  async yield(): Promise<void> {
    this.yields++
    await turn()
  }

  async sleep(milliseconds: number, wake: Promise<void>): Promise<void> {
    this.sleeps.push(milliseconds)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      void wake.then(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

interface Board {
  machine: Machine
  cpus: FakeCpu[]
  console: MemoryConsole
  host: TestHost
  trace: string[]
}

const board = (clock: Clock, programs: ((cpu: FakeCpu, trace: (text: string) => void) => Program)[], hypercall?: HypercallHandler): Board => {
  const trace: string[] = []
  const cpus: FakeCpu[] = []
  for (const [index, program] of programs.entries()) {
    cpus.push(new FakeCpu(clock, (cpu) => program(cpu, (text) => { trace.push(`${String(index)} ${String(clock.now())} ${text}`) })))
  }
  const bus = new Bus()
  const console = new MemoryConsole()
  const uart = new Ns16550a({ irq: cpus[0]?.pin ?? new Pin(), console })
  const aclint = new Aclint({ clock, cpus: cpus.map((cpu) => ({ software: cpu.pin, timer: cpu.pin })) })
  const machine = new Machine({ memory: GuestMemory.create({ size: 4096 }), bus, clock, vcpus: cpus, ...(hypercall === undefined ? {} : { hypercall }) })
  const finisher = new SifiveTest({ onStop: (stop) => { machine.stop(stop) } })
  bus.map(0x10_0000, finisher.size, finisher)
  bus.map(0x200_0000, aclint.size, aclint)
  bus.map(0x1000_0000, uart.size, uart)
  console.onReadable(() => { machine.wake() })
  return { machine, cpus, console, host: new TestHost(), trace }
}

const virtual = (): VirtualClock => new VirtualClock({ frequency: 1_000_000, instructionsPerTick: 10 })
const real = (): HostClock => new HostClock({ frequency: 1_000_000, now: () => performance.now() })

describe('a machine', () => {
  it('answers accesses through the bus, refuses those to nowhere, and powers off', async () => {
    const seen: (readonly bigint[] | undefined)[] = []
    const { machine, console, host } = board(virtual(), [
      function* () {
        yield { do: 'write', address: 0x1000_0000, value: 0x41n, width: 1 }
        seen.push(yield { do: 'read', address: 0x1000_0005, width: 1 })
        seen.push(yield { do: 'read', address: 0x5000, width: 8 })
        seen.push(yield { do: 'write', address: 0x5000, value: 1n })
        seen.push(yield { do: 'read', address: 0x200_4000, width: 8 })
        yield { do: 'write', address: 0x10_0000, value: 0x0009_3333n }
        yield forever
      },
    ])
    expect(await machine.run({ host })).toEqual({ kind: 'fail', code: 9 })
    expect(console.text).toBe('A')
    expect(seen).toEqual([[0x60n], undefined, undefined, [2n ** 64n - 1n]])
    expect(machine.retired).toBe(6)
  })

  it('hands hypercalls over, and refuses them without a handler', async () => {
    const seen: (readonly bigint[] | undefined)[] = []
    const program = function* (): Program {
      seen.push(yield { do: 'call', arguments: [1n, 2n] })
      yield poweroff
    }
    const one = board(virtual(), [program], (vcpu, args) => [BigInt(vcpu), ...args, 99n])
    await one.machine.run({ host: one.host })
    const two = board(virtual(), [program])
    await two.machine.run({ host: two.host })
    expect(seen).toEqual([[0n, 1n, 2n, 99n], undefined])
  })

  it('ends with the fault of a CPU, with its place', async () => {
    const { machine, host } = board(virtual(), [
      function* () { yield work(50) ; yield { do: 'wait' } },
      function* () { yield work(5) ; yield { do: 'fault' } },
    ])
    expect(await machine.run({ host })).toEqual({ kind: 'fault', vcpu: 1, reason: 'the program says so', pc: 0x1234n })
  })

  it('delivers timers of virtual time at exactly their instruction, skipping idle time', async () => {
    const { machine, cpus, host, trace } = board(virtual(), [
      function* (cpu, trace) {
        yield work(123)
        yield { do: 'write', address: 0x200_4000, value: 1000n, width: 8 }
        yield work(20_000)
        trace(`worked, pin ${String(cpu.pin.level)}`)
        yield { do: 'write', address: 0x200_4000, value: 5_000_000_000n, width: 8 }
        yield { do: 'wait' }
        trace('woken')
        yield poweroff
      },
    ])
    const started = performance.now()
    expect(await machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
    expect(trace).toEqual(['0 2012 worked, pin true', '0 5000000000 woken'])
    // 124 instructions were gone when the timer was set for instruction 10,000.
    expect(cpus[0]?.budgets).toContain(10_000 - 124)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(host.sleeps).toEqual([])
  })

  it('runs CPUs in turn, so that one that spins sees what another does', async () => {
    let flag = false
    const { machine, host, cpus } = board(virtual(), [
      function* () {
        while (!flag) yield work(100)
        yield poweroff
      },
      function* () {
        yield work(5000)
        flag = true
        yield { do: 'wait' }
      },
    ])
    expect(await machine.run({ host, sliceInstructions: 1000 })).toEqual({ kind: 'poweroff', code: 0 })
    expect(cpus[0]?.retired).toBeLessThan(7000)
    expect(Math.max(...(cpus[0]?.budgets ?? []))).toBeLessThanOrEqual(1000)
  })

  it('lets an idle CPU run again when another interrupts it', async () => {
    const { machine, host, trace } = board(real(), [
      function* (cpu, trace) {
        yield { do: 'wait' }
        trace('interrupted')
        yield poweroff
      },
      function* () {
        yield work(1000)
        yield { do: 'write', address: 0x200_0000, value: 1n }
        yield { do: 'wait' }
      },
    ])
    expect(await machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
    expect(trace.length).toBe(1)
    expect(host.sleeps).toEqual([])
  })

  it('is repeatable under virtual time, whatever the host does', async () => {
    const programs = Array.from({ length: 3 }, (_, index) => function* (cpu: FakeCpu, trace: (text: string) => void): Program {
      for (let round = 1; round <= 40; round++) {
        yield { do: 'write', address: 0x200_4000 + 8 * index, value: BigInt(round * (700 + 13 * index)), width: 8 }
        yield work(1000 + 777 * index)
        yield { do: 'wait' }
        trace(String(cpu.retired))
      }
      yield { do: 'write', address: 0x200_4000 + 8 * index, value: 2n ** 64n - 1n, width: 8 }
      if (index === 2) yield poweroff
      yield { do: 'wait' }
    })
    const runs: string[][] = []
    for (const yieldMilliseconds of [0, 1000, 1]) {
      const { machine, host, trace } = board(virtual(), programs)
      await machine.run({ host, yieldMilliseconds, sliceInstructions: 500 })
      runs.push([...trace, String(machine.retired), String(machine.clock.now())])
    }
    expect(runs[0]?.length).toBeGreaterThan(100)
    expect(runs[1]).toEqual(runs[0])
    expect(runs[2]).toEqual(runs[0])
  })

  it('stops at exactly the limit of instructions, and goes on from there', async () => {
    const { machine, host } = board(virtual(), [function* () { yield work(10_000) ; yield poweroff }])
    expect(await machine.run({ host, maxInstructions: 0 })).toEqual({ kind: 'limit' })
    expect(await machine.run({ host, maxInstructions: 4321 })).toEqual({ kind: 'limit' })
    expect(machine.retired).toBe(4321)
    expect(await machine.run({ host, maxInstructions: 4321, sliceInstructions: 10 })).toEqual({ kind: 'limit' })
    expect(machine.retired).toBe(8642)
    expect(await machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
  })

  it('ends promptly when aborted: while it computes, while it sleeps, or before it starts', async () => {
    for (const step of [work(Infinity), { do: 'wait' }] as const) {
      const { machine, host } = board(real(), [function* () { yield step }])
      const abort = new AbortController()
      setTimeout(() => { abort.abort() }, 30)
      const started = performance.now()
      expect(await machine.run({ host, signal: abort.signal })).toEqual({ kind: 'abort' })
      expect(performance.now() - started).toBeLessThan(1000)
      const retired = machine.retired
      expect(await machine.run({ host, signal: abort.signal })).toEqual({ kind: 'abort' })
      expect(machine.retired).toBe(retired)
    }
  })

  it('lets the host handle events about every ten milliseconds, not after each slice', async () => {
    const { machine, host, cpus } = board(real(), [function* () { for (;;) yield work(100) }])
    const abort = new AbortController()
    const started = performance.now()
    setTimeout(() => { abort.abort() }, 200)
    await machine.run({ host, signal: abort.signal })
    expect(host.yields).toBeGreaterThan(1)
    expect(host.yields).toBeLessThanOrEqual((performance.now() - started) / 10 + 1)
    expect(cpus[0]?.budgets.length).toBeGreaterThan(host.yields)
  })

  it('does not let a guest that only accesses devices keep the host waiting', async () => {
    const { machine, host } = board(real(), [function* () { for (;;) yield { do: 'read', address: 0x1000_0005, width: 1 } }])
    const abort = new AbortController()
    setTimeout(() => { abort.abort() }, 20)
    const started = performance.now()
    await machine.run({ host, signal: abort.signal, sliceInstructions: 1_000_000 })
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('sleeps while all CPUs are idle, to the next deadline or until input comes, at next to no cost', async () => {
    const { machine, host, console, trace } = board(real(), [
      function* (cpu, trace) {
        // A timer in 100 ms, then input with the timer off.
        const now = (yield { do: 'read', address: 0x200_bff8, width: 8 })?.[0] ?? 0n
        yield { do: 'write', address: 0x200_4000, value: now + 100_000n, width: 8 }
        yield { do: 'wait' }
        trace('timer')
        yield { do: 'write', address: 0x200_4000, value: 2n ** 64n - 1n, width: 8 }
        yield { do: 'write', address: 0x1000_0001, value: 1n, width: 1 }
        yield { do: 'wait' }
        const character = yield { do: 'read', address: 0x1000_0000, width: 1 }
        trace(String(character?.[0]))
        yield poweroff
      },
    ])
    const before = process.cpuUsage()
    const started = performance.now()
    setTimeout(() => { console.type('k') }, 600)
    expect(await machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
    const elapsed = performance.now() - started
    const { user, system } = process.cpuUsage(before)
    expect(trace.map((line) => line.split(' ')[2])).toEqual(['timer', '107'])
    expect(elapsed).toBeGreaterThan(590)
    expect(host.sleeps.length).toBeLessThan(8)
    expect(Math.max(...host.sleeps)).toBeLessThanOrEqual(0x7fff_ffff)
    // The test runner's own work is in it; waiting busily would come to 1.
    expect((user + system) / 1000 / elapsed).toBeLessThan(0.3)
  })

  it('waits for input under virtual time when no timer is set', async () => {
    const { machine, host, console } = board(virtual(), [
      function* () {
        yield { do: 'write', address: 0x1000_0001, value: 1n, width: 1 }
        yield { do: 'wait' }
        yield poweroff
      },
    ])
    setTimeout(() => { console.type('x') }, 20)
    expect(await machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
    expect(host.sleeps.length).toBe(1)
  })

  it('passes on what a device throws and can run again', async () => {
    const { machine, host } = board(virtual(), [function* () { yield { do: 'read', address: 0x6000 } ; yield poweroff }])
    machine.bus.map(0x6000, 4, { read: () => { throw new RangeError('broken device') }, write: () => undefined })
    await expect(machine.run({ host })).rejects.toThrow('broken device')
  })

  it('refuses to run twice at once, and options out of range', async () => {
    const { machine, host } = board(real(), [function* () { yield { do: 'wait' } }])
    const abort = new AbortController()
    const running = machine.run({ host, signal: abort.signal })
    expect(await codeOfAsync(() => machine.run({ host }))).toBe('ERR_MACHINE_OPTION')
    abort.abort()
    await running
    expect(await codeOfAsync(() => machine.run({ host, sliceInstructions: 0 }))).toBe('ERR_MACHINE_OPTION')
    expect(await codeOfAsync(() => machine.run({ host, maxInstructions: -1 }))).toBe('ERR_MACHINE_OPTION')
    expect(await codeOfAsync(() => Promise.resolve().then(() => new Machine({ memory: machine.memory, bus: machine.bus, clock: machine.clock, vcpus: [] })))).toBe('ERR_MACHINE_OPTION')
  })
})
