import { spawnSync } from 'node:child_process'
import { dataBytes } from './stream.ts'
import type { Outcome, Stream } from './stream.ts'

const registers = 32 * 8
const inputBytes = 8 + 8 + 2 * registers + 8
const outputBytes = inputBytes
const traps: Readonly<Record<number, Outcome['trap']>> = { 4: 'illegal', 5: 'breakpoint', 7: 'misaligned', 11: 'fault' }

const encode = (streams: readonly Stream[]): Uint8Array => {
  const bytes = new Uint8Array(streams.reduce((sum, { code }) => sum + inputBytes + dataBytes + code.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  const put = (value: bigint): void => {
    view.setBigUint64(at, value, true)
    at += 8
  }
  for (const { start, code, state } of streams) {
    for (const value of [BigInt(start), BigInt(code.length), ...state.x, ...state.f, BigInt(state.fcsr)]) put(value)
    bytes.set(state.data, at)
    bytes.set(code, at + dataBytes)
    at += dataBytes + code.length
  }
  return bytes
}

const decode = (bytes: Uint8Array): Outcome[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const outcomes: Outcome[] = []
  for (let at = 0; at + outputBytes + dataBytes <= bytes.length; at += outputBytes + dataBytes) {
    const file = (offset: number): BigUint64Array => BigUint64Array.from({ length: 32 }, (_, index) => view.getBigUint64(at + offset + 8 * index, true))
    outcomes.push({
      trap: traps[Number(view.getBigUint64(at, true))] ?? 'none',
      pc: view.getBigUint64(at + 8, true),
      x: file(16),
      f: file(16 + registers),
      fcsr: Number(view.getBigUint64(at + 16 + 2 * registers, true)),
      data: bytes.slice(at + outputBytes, at + outputBytes + dataBytes),
    })
  }
  return outcomes
}

/** What qemu's user-mode emulation makes of streams, in one process. `program` is the compiled runner. */
export const runReference = (program: string, streams: readonly Stream[]): readonly Outcome[] => {
  const cpu = 'rv64,zba=true,zbb=true,zbs=true'
  const result = spawnSync('qemu-riscv64', ['-cpu', cpu, program], { input: encode(streams), maxBuffer: 2 ** 30 })
  const outcomes = decode(result.stdout)
  if (result.status !== 0 || outcomes.length !== streams.length) {
    throw new Error(`qemu answered ${outcomes.length} of ${streams.length} streams, then ended with ${String(result.status ?? result.signal)}: ${result.stderr.toString()}`)
  }
  return outcomes
}
