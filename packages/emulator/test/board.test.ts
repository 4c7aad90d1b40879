import { DeviceTree, encodeState, decodeState, MemoryConsole, VirtualClock } from '@strata/machine'
import { describe, expect, test } from 'vitest'
import { instructionSet, VirtBoard } from '../src/index.ts'
import type { HypercallHandler, MachineHost } from '@strata/machine'
import type { VirtBoardImage, VirtBoardOptions } from '../src/index.ts'

const host: MachineHost = {
  now: () => performance.now(),
  yield: () => new Promise((resolve) => { setImmediate(resolve) }),
  sleep: (milliseconds, wake) => Promise.race([wake, new Promise<void>((resolve) => { setTimeout(resolve, milliseconds) })]),
}

const lui = (rd: number, high: number): number => (((high & 0xfffff) << 12) | (rd << 7) | 0x37) >>> 0
const addi = (rd: number, rs: number, immediate: number): number => (((immediate & 0xfff) << 20) | (rs << 15) | (rd << 7) | 0x13) >>> 0
const store = (width: 0 | 2 | 3, rs: number, base: number, offset = 0): number => (((offset >> 5) << 25) | (rs << 20) | (base << 15) | (width << 12) | ((offset & 31) << 7) | 0x23) >>> 0
const branchBack = (by: number): number => (0x6f | (((-by >> 20) & 1) << 31) | (((-by >> 1) & 0x3ff) << 21) | (((-by >> 11) & 1) << 20) | (((-by >> 12) & 0xff) << 12)) >>> 0
const [a0, a1, a2, a7, t0, t1] = [10, 11, 12, 17, 5, 6]
const ecall = 0x73
const wfi = 0x1050_0073

/** Writes `text` to a serial port, then powers off with `code` through the test finisher. */
const hello = (text: string, port = 0): number[] => [
  lui(t0, 0x10000 + port), ...Array.from(text, (character) => [addi(t1, 0, character.charCodeAt(0)), store(0, t1, t0)]).flat(),
]
const powerOff = [lui(t0, 0x100), lui(t1, 5), addi(t1, t1, 0x555), store(2, t1, t0)]

/** A raw Linux Image whose code, up to 14 words, stands in its header's first words by way of a jump behind the header. */
const kernel = (code: readonly number[]): Uint8Array => {
  const bytes = Buffer.alloc(64 + code.length * 4)
  bytes.writeUInt32LE(0x0400_006f, 0) // j 64
  bytes.writeBigUInt64LE(0x20_0000n, 8)
  bytes.writeBigUInt64LE(0x1_0000n, 16)
  bytes.write('RSC\x05', 0x38, 'latin1')
  code.forEach((word, index) => bytes.writeUInt32LE(word, 64 + index * 4))
  return bytes
}

const nothing = { version: 1 } as const
const board = (options: Partial<VirtBoardOptions> & { handle?: HypercallHandler } = {}) => {
  const consoles = Array.from({ length: 4 }, () => new MemoryConsole())
  const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 })
  const { handle = () => [0n, 0n], ...rest } = options
  const made = VirtBoard.create({
    ram: 64 << 20, clock, wallClock: () => 0n, serial: consoles, environment: () => ({ handle, state: { save: () => nothing, restore: () => undefined } }), ...rest,
  })
  return { made, consoles, clock }
}
const boot = (image: Partial<VirtBoardImage> & { code: readonly number[] }, options?: Parameters<typeof board>[0]) => {
  const set = board(options)
  set.made.load({ kernel: kernel(image.code), ...image })
  return set
}
/** The tree that the first hart was given. */
const treeOf = (made: VirtBoard): DeviceTree => {
  const start = Number(made.harts[0]!.register(a1)) - made.memory.base
  return DeviceTree.parse(made.memory.bytes.slice(start, start + made.memory.view.getUint32(start + 4)))
}

test('a kernel starts in supervisor mode, talks on each serial port, and powers off', async () => {
  const { made, consoles } = boot({ code: [...hello('hi'), ...hello('!', 3), ...powerOff] })
  expect(made.harts[0]!.privilege).toBe(1)
  expect(await made.machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
  expect(consoles.map((console) => console.text)).toEqual(['hi', '', '', '!'])
})

test('its calls go to the environment with the hart they came from', async () => {
  const calls: [number, bigint, bigint][] = []
  const { made } = boot({ code: [addi(a0, 0, 5), addi(a7, 0, 9), ecall, ...hello('x'), ...powerOff] }, {
    handle: (vcpu, registers) => {
      calls.push([vcpu, registers[0]!, registers[7]!])
      return [7n, 8n]
    },
  })
  await made.machine.run({ host })
  expect(calls).toEqual([[0, 5n, 9n]])
  expect([made.harts[0]!.register(a0), made.harts[0]!.register(a1)]).toEqual([7n, 8n])
})

test('other harts wait to be started', async () => {
  const { made } = boot({ code: [...powerOff] }, { cpus: 3 })
  expect(made.harts.map((hart) => hart.status)).toEqual(['started', 'stopped', 'stopped'])
  made.harts[2]!.start(BigInt(made.memory.base + 0x20_0000), 77n)
  expect([made.harts[2]!.register(a0), made.harts[2]!.register(a1)]).toEqual([2n, 77n])
  await made.machine.run({ host })
})

test('with firmware, machine mode starts it and finds what to start next in a2', async () => {
  const code = [...hello('fw'), ...powerOff]
  const firmware = Buffer.alloc(code.length * 4)
  code.forEach((word, index) => firmware.writeUInt32LE(word, index * 4))
  const { consoles, made } = (() => {
    const consoles = [new MemoryConsole()]
    const made = VirtBoard.create({ ram: 64 << 20, cpus: 2, clock: new VirtualClock({ frequency: 1000, instructionsPerTick: 1 }), wallClock: () => 0n, serial: consoles })
    made.load({ kernel: kernel([]), firmware })
    return { consoles, made }
  })()
  for (const hart of made.harts) {
    expect([hart.privilege, hart.pc, hart.register(a0), hart.status]).toEqual([3, 0x8000_0000n, BigInt(hart.id), 'started'])
  }
  const view = new DataView(made.memory.read(Number(made.harts[1]!.register(a2)), 48).buffer)
  expect([0, 8, 16, 24, 32, 40].map((at) => view.getBigUint64(at, true))).toEqual([0x4942_534fn, 2n, 0x8020_0000n, 1n, 0n, 0xffff_ffff_ffff_ffffn])
  expect(treeOf(made).find('/soc/timer')).toBeDefined()
  await made.machine.run({ host })
  expect(consoles[0]!.text).toContain('fw')
})

describe('the device tree tells the truth', () => {
  test('about the harts’ instructions, RAM, the initramfs and what the kernel is to know', () => {
    const instructions = instructionSet(['i', 'm', 'a', 'zicsr', 'zifencei', 'zicntr'])
    const initramfs = Buffer.from('the initramfs')
    const { made } = boot({ code: [], initramfs, bootArguments: 'quiet', seed: Uint8Array.of(1, 2, 3) }, { cpus: 2, instructions })
    const tree = treeOf(made)
    const cpu = tree.find('/cpus/cpu@1')!
    expect(cpu.getString('riscv,isa')).toBe('rv64ima_zicntr_zicsr_zifencei')
    expect(cpu.getStrings('riscv,isa-extensions')).toEqual(['i', 'm', 'a', 'zicntr', 'zicsr', 'zifencei'])
    expect(cpu.getString('riscv,isa-base')).toBe('rv64i')
    expect(cpu.getString('mmu-type')).toBe('riscv,sv57')
    expect(tree.find('/cpus')!.getCells('timebase-frequency')).toEqual([10_000_000])
    expect(tree.find('/memory')!.getCells('reg')).toEqual([0, 0x8000_0000, 0, 64 << 20])
    const chosen = tree.find('/chosen')!
    expect(chosen.getString('bootargs')).toBe('quiet')
    expect(chosen.getBytes('rng-seed')).toEqual(Uint8Array.of(1, 2, 3))
    expect(tree.find('/aliases')!.getString('serial0')).toBe('/soc/serial@10000000')
    const [start = 0, end = 0] = ['linux,initrd-start', 'linux,initrd-end'].map((name) => chosen.getCells(name)![1])
    expect(Buffer.from(made.memory.read(start, end - start)).toString()).toBe('the initramfs')
  })

  test('about devices: each node’s registers are on the bus, and no device is without a node', () => {
    const { made } = boot({ code: [] })
    const described = treeOf(made).find('/soc')!.children.flatMap((node) => {
      const [, base, , size] = node.getCells('reg') ?? []
      return base === undefined ? [] : [[base, size]]
    })
    expect(described.sort()).toEqual(made.bus.ranges.map(({ base, size }) => [base, size]).sort())
    // The core-local interruptor is machine mode's.
    expect(treeOf(made).find('/soc/timer')).toBeUndefined()
  })
})

test('what is typed wakes a guest that waits', async () => {
  // Enables the receiver's interrupt; as sie is clear it only ends the wait once its bit is set: sie.SEIE, PLIC source 10 for context 0.
  const csrw = (csr: number, rs: number): number => ((csr << 20) | (rs << 15) | (1 << 12) | 0x73) >>> 0
  const code = [
    addi(t1, 0, 0x200), csrw(0x104, t1), // sie.SEIE
    lui(t0, 0xc000), addi(t1, 0, 1), store(2, t1, t0, 40), // priority of 10
    lui(t0, 0xc002), addi(t1, 0, 0x400), store(2, t1, t0), // enable 10
    lui(t0, 0x10000), addi(t1, 0, 1), store(0, t1, t0, 1), // IER
    wfi, ...hello('awake'), ...powerOff,
  ]
  const { made, consoles } = boot({ code })
  setTimeout(() => { consoles[0]!.type('k') }, 50)
  expect(await made.machine.run({ host, signal: AbortSignal.timeout(5000) })).toEqual({ kind: 'poweroff', code: 0 })
  expect(consoles[0]!.text).toBe('awake')
})

test('saved in the middle and restored on another board, it ends the same', async () => {
  const code = [...hello('abc'), ...Array.from({ length: 40 }, () => addi(t0, 0, 1)), ...hello('def'), ...powerOff]
  const whole = boot({ code })
  await whole.made.machine.run({ host })
  const first = boot({ code })
  expect(await first.made.machine.run({ host, maxInstructions: 30 })).toEqual({ kind: 'limit' })
  const file = encodeState(first.made.save())
  const second = board()
  second.made.restore(decodeState(file))
  expect(await second.made.machine.run({ host })).toEqual({ kind: 'poweroff', code: 0 })
  expect(first.consoles[0]!.text + second.consoles[0]!.text).toBe('abcdef')
  expect(second.made.machine.retired).toBe(whole.made.machine.retired)
  expect(second.clock.now()).toBe(whole.clock.now())
})

describe('what cannot be is refused', () => {
  const code = (work: () => unknown): string => {
    try {
      work()
    } catch (error) {
      return (error as { code: string }).code
    }
    return 'accepted'
  }
  test('options', () => {
    for (const options of [{ cpus: 0 }, { cpus: 9 }, { cpus: 1.5 }, { serial: [] }, { serial: Array.from({ length: 5 }, () => new MemoryConsole()) }]) {
      expect(code(() => board(options))).toBe('ERR_MACHINE_OPTION')
    }
    for (const ram of [0, -1, 4097, 2 ** 40]) expect(code(() => board({ ram }))).toBe('ERR_MEMORY_SIZE')
  })
  test('images', () => {
    const { made } = board()
    expect(code(() => made.load({ kernel: new Uint8Array() }))).toBe('ERR_LOADER_TRUNCATED')
    expect(code(() => made.load({ kernel: kernel([]), initramfs: new Uint8Array(65 << 20) }))).toBe('ERR_LOADER_SPACE')
    expect(code(() => made.load({ kernel: kernel([]), firmware: new Uint8Array(10) }))).toBe('ERR_MACHINE_OPTION')
    const foreign = kernel([])
    foreign.set(Buffer.from('ARM\x64', 'latin1'), 0x38)
    expect(code(() => made.load({ kernel: foreign }))).toBe('ERR_LOADER_MACHINE')
    const machineMode = VirtBoard.create({ ram: 64 << 20, clock: new VirtualClock({ frequency: 1, instructionsPerTick: 1 }), wallClock: () => 0n, serial: [new MemoryConsole()] })
    expect(code(() => machineMode.load({ kernel: kernel([]), firmware: new Uint8Array(3 << 20) }))).toBe('ERR_LOADER_SPACE')
  })
  test('the state of another board', () => {
    expect(code(() => board().made.restore(board({ cpus: 2 }).made.save()))).toBe('ERR_STATE_SHAPE')
  })
})

test('a guest that scribbles on every register at random neither throws nor hangs the host', () => {
  const { made } = boot({ code: [branchBack(0)] })
  let seed = 0x1234_5678
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed
  }
  const begun = Date.now()
  for (let round = 0; round < 20_000; round++) {
    const range = made.bus.ranges[random() % made.bus.ranges.length]!
    const width = ([1, 2, 4, 8] as const)[random() % 4]!
    const address = range.base + ((random() >>> 4) % range.size)
    if (random() % 2 === 0) {
      const value = made.bus.read(address, width)
      expect(value === undefined || (value >= 0n && value < 1n << BigInt(width * 8))).toBe(true)
    } else made.bus.write(address, width, (BigInt(random()) << 32n) | BigInt(random()))
  }
  expect(Date.now() - begun).toBeLessThan(20_000)
})
