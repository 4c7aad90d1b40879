import { encode } from '../../src/isa/riscv/encode.ts'
import { riscvDecoder } from '../../src/isa/riscv/decoder.ts'
import { disassemble } from '../../src/isa/riscv/disassemble.ts'
import { allRows } from '../../src/isa/riscv/extensions.ts'
import { codeBase, describeState, differences } from './stream.ts'
import type { Outcome, Stream } from './stream.ts'

/** Executes streams, each from its own state. */
export type Execute = (streams: readonly Stream[]) => readonly Outcome[]

const decoder = riscvDecoder(allRows)

const bitsAt = ({ start, code }: Stream, pc: number): number => {
  const at = pc - codeBase - start
  const bytes = new Uint8Array(4)
  bytes.set(code.slice(at, at + 4))
  const bits = new DataView(bytes.buffer).getUint32(0, true)
  return (bits & 3) === 3 ? bits : bits & 0xffff
}

/** The instruction of a stream at an address, disassembled. */
export const instructionAt = (stream: Stream, pc: number): string => {
  const bits = bitsAt(stream, pc)
  const found = decoder.find(bits)
  return `${pc.toString(16)}: ${found === undefined ? `illegal ${bits.toString(16)}` : disassemble(found.row, found.operands, BigInt(pc))}`
}

/** The same stream, ended by a breakpoint before the instruction at `pc` when it is first reached. */
const stopAt = (stream: Stream, pc: number): Stream => {
  const code = stream.code.slice()
  new DataView(code.buffer).setUint16(pc - codeBase - stream.start, encode('c.ebreak'), true)
  return { ...stream, code }
}

/**
 * The first point at which two executions of a stream differ, in words. `trace` are the addresses of the instructions as
 * one of them executed them. Both execute the stream again up to each address where they come for the first time.
 */
export const locate = (stream: Stream, trace: readonly number[], expected: Execute, actual: Execute): string => {
  const firsts = [...new Set(trace)]
  const prefixes = [...firsts.map((pc) => stopAt(stream, pc)), stream]
  const [wanted, got] = [expected(prefixes), actual(prefixes)]
  const index = prefixes.findIndex((_, at) => differences(wanted[at]!, got[at]!).length > 0)
  if (index < 0) return 'no difference when executed again'
  if (index === 0) return 'the executions differ before the first instruction'
  const from = trace.indexOf(firsts[index - 1]!)
  const to = index < firsts.length ? trace.indexOf(firsts[index]!) : trace.length
  return [
    'differs after:',
    ...trace.slice(from, to).slice(0, 20).map((pc) => `  ${instructionAt(stream, pc)}`),
    ...differences(wanted[index]!, got[index]!),
    'before it:',
    describeState(wanted[index - 1]!),
    'expected after it:',
    describeState(wanted[index]!),
    'came after it:',
    describeState(got[index]!),
  ].join('\n')
}
