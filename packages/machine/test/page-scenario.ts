import * as strata from '../src/index.ts'

/** Runs in the page: a board loads a file, runs a toy CPU over it, and is saved and restored. */
export const scenario = async (): Promise<{ shared: boolean; text: string; deadline: number; same: boolean; unpacked: string; model: string; stop: string }> => {
  const make = () => {
    const clock = new strata.HostClock({ frequency: 10_000_000, now: () => performance.now() })
    const console = new strata.MemoryConsole()
    const memory = strata.GuestMemory.create({ size: 1 << 20, reserved: 4096 })
    const pin = { set: () => undefined }
    const plic = new strata.Plic({ sources: 31, contexts: [pin] })
    const uart = new strata.Ns16550a({ irq: plic.line(10), console })
    const aclint = new strata.Aclint({ clock, cpus: [{ software: pin, timer: pin }] })
    return { clock, console, memory, plic, uart, aclint }
  }
  const board = make()
  const tree = new strata.DeviceTree()
  tree.root.string('model', 'a page')
  strata.loadHigh(board.memory, tree.toBytes())
  const packed = new Uint8Array(
    await new Response(new Blob([new TextEncoder().encode('kernel')]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
  )
  const kernel = await strata.gunzip(packed)
  const { start, end } = strata.loadKernel(board.memory, kernel)
  const bus = new strata.Bus()
  bus.map(0x1000_0000, board.uart.size, board.uart)
  bus.map(0x200_0000, board.aclint.size, board.aclint)
  // A CPU that sends the loaded bytes to the UART, one after the other.
  let at = start
  const cpu = {
    retired: 0,
    run: () =>
      at < end
        ? { kind: 'mmio-write' as const, address: 0x1000_0000, width: 1 as const, value: BigInt(board.memory.read(at, 1)[0] ?? 0) }
        : { kind: 'fault' as const, reason: 'the end', pc: BigInt(at) },
    complete: () => {
      at++
      cpu.retired++
    },
    refuse: () => undefined,
    interruptRun: () => undefined,
    save: () => ({ version: 1 }),
    restore: () => undefined,
  }
  const machine = new strata.Machine({ memory: board.memory, bus, clock: board.clock, vcpus: [cpu] })
  const reason = await machine.run({
    host: {
      now: () => performance.now(),
      yield: () => new Promise((resolve) => setTimeout(resolve)),
      sleep: (milliseconds, wake) => Promise.race([wake, new Promise<void>((resolve) => setTimeout(resolve, milliseconds))]),
    },
  })
  bus.write(0x200_4000, 8, 123_456_789_000n)
  const parts = ({ clock, memory, plic, uart, aclint }: ReturnType<typeof make>) => ({ clock, memory, plic, uart, aclint })
  const other = make()
  strata.restoreMachine(parts(other), strata.decodeState(strata.encodeState(strata.saveMachine(parts(board)))))
  const dtb = other.memory.read(other.memory.base + other.memory.size - 4096, tree.toBytes().length)
  return {
    shared: board.memory.shared && !(board.memory.memory.buffer instanceof ArrayBuffer),
    text: board.console.text,
    deadline: other.clock.nextDeadline(),
    same: other.memory.bytes.every((byte, index) => byte === board.memory.bytes[index]),
    unpacked: new TextDecoder().decode(kernel),
    model: strata.DeviceTree.parse(dtb).root.getString('model') ?? '',
    stop: reason.kind,
  }
}
