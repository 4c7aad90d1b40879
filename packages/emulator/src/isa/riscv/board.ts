import {
  Aclint, Bus, DeviceTree, GoldfishRtc, GuestMemory, loadAt, LoaderError, loadHigh, loadKernel, Machine, Ns16550a, OptionError, placeHigh, Plic, restoreMachine, saveMachine, SifiveTest,
} from '@strata/machine'
import { RiscvHart } from './hart.ts'
import type { Engine } from '../../engine/core.ts'
import type { InstructionSet } from './extensions.ts'
import type {
  Clock, ConsoleBackend, DeviceTreeNode, HypercallHandler, LoadedKernel, LoadedRange, MachineParts, SavedState, Stateful, WallClock,
} from '@strata/machine'

/** Where things are. The addresses are those that RISC-V's virtual boards have in common. */
const layout = {
  ram: 0x8000_0000,
  test: 0x10_0000,
  rtc: 0x10_1000,
  aclint: 0x200_0000,
  plic: 0xc00_0000,
  serial: 0x1000_0000,
  serialStride: 0x1000,
} as const

/** Inputs of the PLIC. */
const source = { serial: [10, 12, 13, 14], rtc: 11 } as const
const sources = 96

/** Bits of `mip`, which are also the inputs of a hart's interrupt controller in the device tree. */
const input = { machineSoftware: 3, machineTimer: 7, supervisorExternal: 9, machineExternal: 11 } as const

/** ELF's EM_RISCV, and what a raw Image says. */
const processor = { elf: 243, image: 'RSC\x05' } as const

/** Where a kernel starts when firmware lies at the start of RAM: the first 2 MiB boundary behind it. */
const behindFirmware = 0x20_0000

const roomForFirmware = 0x1_0000

const mostCpus = 8
const mostSerials = 4

/** Answers what supervisor mode asks of its execution environment, and keeps what belongs to that across save and restore. */
export interface SupervisorEnvironment {
  readonly handle: HypercallHandler
  readonly state: Stateful
}

export interface VirtBoardOptions {
  /** Bytes of RAM, a positive multiple of 4096. */
  readonly ram: number
  /** 1 to 8; 1 unless given. */
  readonly cpus?: number
  /** What the harts can do; everything that there is unless given. */
  readonly instructions?: InstructionSet
  /** How the harts execute; see `HartOptions.engine`. */
  readonly engine?: Engine
  readonly clock: Clock & Stateful
  readonly wallClock: WallClock
  /** What the serial ports are connected to, 1 to 4; the first is the console. */
  readonly serial: readonly ConsoleBackend[]
  /**
   * Makes what answers supervisor mode's calls. With it, the board starts its kernel in supervisor mode; without it,
   * in machine mode, where firmware answers them.
   */
  readonly environment?: (board: VirtBoard) => SupervisorEnvironment
}

/** What the board starts with. */
export interface VirtBoardImage {
  /** A raw Linux Image, an ELF file or, in machine mode without firmware, raw bytes; not compressed. */
  readonly kernel: Uint8Array
  readonly initramfs?: Uint8Array
  /** The kernel's command line. */
  readonly bootArguments?: string
  /** Randomness for the kernel, 32 bytes or more are sensible; none unless given. */
  readonly seed?: Uint8Array
  /** Machine-mode firmware that takes OpenSBI's `fw_dynamic_info` in a2. Only for a board without an environment. */
  readonly firmware?: Uint8Array
}

/**
 * A RISC-V board: harts, RAM at 0x8000_0000, PLIC, ACLINT, up to four 16550A serial ports, a Goldfish RTC and the
 * SiFive test finisher for power-off, described to the guest by a device tree.
 */
export class VirtBoard {
  readonly memory: GuestMemory
  readonly bus: Bus
  readonly clock: Clock
  readonly harts: readonly RiscvHart[]
  readonly machine: Machine
  readonly #plic: Plic
  /** Machine mode's own: a board that starts in supervisor mode has none. */
  readonly #aclint: Aclint | undefined
  readonly #serial: readonly Ns16550a[]
  readonly #rtc: GoldfishRtc
  readonly #test: SifiveTest
  readonly #parts: MachineParts
  readonly #supervisor: boolean
  readonly #leaveConsoles: readonly (() => void)[]

  /** Throws `OptionError` or `MemoryError` for options out of range. */
  static create(options: VirtBoardOptions): VirtBoard {
    const { ram, cpus = 1, clock, serial, environment } = options
    if (!Number.isSafeInteger(cpus) || cpus < 1 || cpus > mostCpus) {
      throw new OptionError('ERR_MACHINE_OPTION', `the board has 1 to ${mostCpus} CPUs, not ${cpus}`)
    }
    if (serial.length < 1 || serial.length > mostSerials) {
      throw new OptionError('ERR_MACHINE_OPTION', `the board has 1 to ${mostSerials} serial ports, not ${serial.length}`)
    }
    const memory = GuestMemory.create({ base: layout.ram, size: ram, reserved: RiscvHart.reservedBytes(cpus, ram) })
    const harts = Array.from({ length: cpus }, (_, id) => new RiscvHart({
      memory, clock, id, hypercalls: environment !== undefined, ...(options.engine === undefined ? {} : { engine: options.engine }), ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    }))
    return new VirtBoard(options, memory, harts)
  }

  private constructor(options: VirtBoardOptions, memory: GuestMemory, harts: readonly RiscvHart[]) {
    const { clock } = options
    this.memory = memory
    this.clock = clock
    this.harts = harts
    this.bus = new Bus()
    this.#supervisor = options.environment !== undefined
    this.#plic = new Plic({
      sources,
      contexts: harts.flatMap((hart) => (this.#supervisor ? [hart.line('seip')] : [hart.line('meip'), hart.line('seip')])),
    })
    this.#aclint = this.#supervisor ? undefined : new Aclint({ clock, cpus: harts.map((hart) => ({ software: hart.line('msip'), timer: hart.line('mtip') })) })
    this.#serial = options.serial.map((console, index) => new Ns16550a({ irq: this.#plic.line(source.serial[index] ?? 0), console }))
    this.#rtc = new GoldfishRtc({ irq: this.#plic.line(source.rtc), clock, wallClock: options.wallClock })
    this.#test = new SifiveTest({ onStop: (stop) => { this.machine.stop(stop) } })
    this.bus.map(layout.test, this.#test.size, this.#test)
    this.bus.map(layout.rtc, this.#rtc.size, this.#rtc)
    if (this.#aclint !== undefined) this.bus.map(layout.aclint, this.#aclint.size, this.#aclint)
    this.bus.map(layout.plic, this.#plic.size, this.#plic)
    this.#serial.forEach((port, index) => {
      this.bus.map(layout.serial + index * layout.serialStride, port.size, port)
    })
    const environment = options.environment?.(this)
    this.machine = new Machine({
      memory, bus: this.bus, clock, vcpus: harts, ...(environment === undefined ? {} : { hypercall: environment.handle }),
    })
    this.#leaveConsoles = options.serial.map((console) => console.onReadable(() => { this.machine.wake() }))
    this.#parts = {
      clock: options.clock,
      ...Object.fromEntries(harts.map((hart, index) => [`hart${index}`, hart])),
      plic: this.#plic,
      ...(this.#aclint === undefined ? {} : { aclint: this.#aclint }),
      ...Object.fromEntries(this.#serial.map((port, index) => [`serial${index}`, port])),
      rtc: this.#rtc,
      test: this.#test,
      ...(environment === undefined ? {} : { environment: environment.state }),
      memory,
    }
  }

  /** Places what the board starts with in RAM and points the harts at it. Throws `LoaderError`. */
  load(image: VirtBoardImage): void {
    const { memory } = this
    const { firmware } = image
    if (firmware !== undefined && this.#supervisor) {
      throw new OptionError('ERR_MACHINE_OPTION', 'firmware runs in machine mode, but this board starts in supervisor mode: make it without an environment')
    }
    const occupied: LoadedRange[] = []
    const place = <Range extends LoadedRange>(range: Range): Range => {
      occupied.push(range)
      return range
    }
    if (firmware !== undefined) place({ ...loadAt(memory, memory.base, firmware, { what: 'the firmware' }), end: memory.base + behindFirmware })
    const kernel = place(loadKernel(memory, image.kernel, { machine: processor, occupied, ...placeOf(image.kernel, memory, firmware) }))
    const initramfs = image.initramfs && place(loadHigh(memory, image.initramfs, { what: 'the initramfs', occupied }))
    const deviceTree = place(loadDeviceTree(memory, this.#describe(image, initramfs).toBytes(), occupied))
    this.#start(kernel, deviceTree, firmware === undefined ? undefined : place(loadHigh(memory, dynamicInfo(kernel), { what: 'the firmware’s information', occupied, align: 8 })))
  }

  /** All of the board, while it does not run. */
  save(): SavedState {
    return saveMachine(this.#parts)
  }

  /** Puts a state back that a board made with the same options has saved. Throws `StateError`, then leaving the board as it was. */
  restore(state: SavedState): void {
    restoreMachine(this.#parts, state)
  }

  /** Takes no more input from the consoles. Call it before another board, such as one that is restored, uses the same ones. */
  disconnect(): void {
    for (const port of this.#serial) port.disconnect()
    for (const leave of this.#leaveConsoles) leave()
  }

  #start(kernel: LoadedKernel, deviceTree: LoadedRange, information: LoadedRange | undefined): void {
    const entry = information === undefined ? kernel.entry : this.memory.base
    for (const hart of this.harts) {
      hart.reset({
        pc: BigInt(entry),
        privilege: this.#supervisor ? 'supervisor' : 'machine',
        arguments: [BigInt(hart.id), BigInt(deviceTree.start), ...(information === undefined ? [] : [BigInt(information.start)])],
      })
      // In supervisor mode the first hart starts the others (SBI, HSM); firmware sorts that out among all of them.
      if (this.#supervisor && hart !== this.harts[0]) hart.stop()
    }
  }

  #describe(image: VirtBoardImage, initramfs: LoadedRange | undefined): DeviceTree {
    const tree = new DeviceTree()
    const { root } = tree
    root.cells('#address-cells', 2).cells('#size-cells', 2).string('compatible', 'strata,riscv-virt', 'riscv-virtio').string('model', 'Strata RISC-V virt')
    const aliases = root.child('aliases')
    const chosen = root.child('chosen').string('bootargs', image.bootArguments ?? '')
    if (initramfs !== undefined) {
      chosen.cells('linux,initrd-start', ...cells64(initramfs.start)).cells('linux,initrd-end', ...cells64(initramfs.end))
    }
    if (image.seed !== undefined) chosen.bytes('rng-seed', image.seed)
    root.child(`memory@${layout.ram.toString(16)}`).string('device_type', 'memory').reg([layout.ram, this.memory.size])
    const controllers = this.#describeHarts(root)
    const soc = root.child('soc').cells('#address-cells', 2).cells('#size-cells', 2).string('compatible', 'simple-bus').flag('ranges')
    const plic = this.#plic.describe(soc, {
      address: layout.plic,
      targets: controllers.flatMap((controller): [DeviceTreeNode, number][] =>
        this.#supervisor ? [[controller, input.supervisorExternal]] : [[controller, input.machineExternal], [controller, input.supervisorExternal]]),
      sourcesProperty: 'riscv,ndev',
    })
    this.#aclint?.describe(soc, { address: layout.aclint, targets: controllers.map((controller) => [controller, input.machineSoftware, input.machineTimer]) })
    this.#serial.forEach((port, index) => {
      const node = port.describe(soc, { address: layout.serial + index * layout.serialStride, interruptParent: plic, interrupt: source.serial[index] ?? 0 })
      aliases.string(`serial${index}`, node.path)
    })
    chosen.string('stdout-path', 'serial0:115200n8')
    this.#rtc.describe(soc, { address: layout.rtc, interruptParent: plic, interrupt: source.rtc })
    this.#test.describe(soc, { address: layout.test })
    return tree
  }

  /** The harts, and for each its interrupt controller. */
  #describeHarts(root: DeviceTreeNode): readonly DeviceTreeNode[] {
    const cpus = root.child('cpus').cells('#address-cells', 1).cells('#size-cells', 0).cells('timebase-frequency', this.clock.frequency)
    return this.harts.map((hart) => {
      const cpu = cpus.child(`cpu@${hart.id.toString(16)}`).string('device_type', 'cpu').string('compatible', 'riscv').string('status', 'okay').reg([hart.id, 0])
      const { isa, isaBase, isaExtensions } = hart.instructions
      cpu.string('riscv,isa', isa).string('riscv,isa-base', isaBase).string('riscv,isa-extensions', ...isaExtensions).string('mmu-type', 'riscv,sv57')
      return cpu.child('interrupt-controller').flag('interrupt-controller').cells('#interrupt-cells', 1).string('compatible', 'riscv,cpu-intc')
    })
  }
}

const cells64 = (value: number): [bigint, bigint] => [BigInt(value) >> 32n, BigInt(value) & 0xffff_ffffn]

/** A raw Linux Image knows its place; an ELF file too; behind firmware anything else goes to the next 2 MiB boundary. */
const placeOf = (kernel: Uint8Array, memory: GuestMemory, firmware: Uint8Array | undefined): { at?: number } => {
  if (firmware === undefined || kernel[0] === 0x7f) return {}
  if (firmware.length > behindFirmware) {
    throw new LoaderError('ERR_LOADER_SPACE', `firmware has ${behindFirmware} bytes of room below the kernel, not ${firmware.length}`)
  }
  return { at: memory.base + behindFirmware }
}

/** Firmware adds to the device tree where it lies, so there is room behind it. */
const loadDeviceTree = (memory: GuestMemory, tree: Uint8Array, occupied: readonly LoadedRange[]): LoadedRange => {
  const what = 'the device tree'
  const length = tree.length + roomForFirmware
  const start = placeHigh(memory, length, { what, occupied, align: 8 })
  loadAt(memory, start, tree, { what, occupied })
  return { start, end: start + length }
}

/** OpenSBI's `struct fw_dynamic_info`, version 2: what it shall start once it is ready, and in which mode. */
const dynamicInfo = (kernel: LoadedKernel): Uint8Array => {
  const supervisor = 1n
  const anyHart = 0xffff_ffff_ffff_ffffn
  const fields = [0x4942_534fn, 2n, BigInt(kernel.entry), supervisor, 0n, anyHart]
  const bytes = new Uint8Array(fields.length * 8)
  const view = new DataView(bytes.buffer)
  fields.forEach((field, index) => { view.setBigUint64(index * 8, field, true) })
  return bytes
}
