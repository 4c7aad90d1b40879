/** Where a stream's code and data are, in both executions. */
export const codeBase = 0x4000_0000
export const codeBytes = 0x1_0000
export const dataBase: number = codeBase + codeBytes
export const dataBytes = 0x2000

/** All that an unprivileged program sees. */
export interface State {
  readonly x: BigUint64Array
  readonly f: BigUint64Array
  readonly fcsr: number
  readonly data: Uint8Array
}

/** Code that ends with a trap, whatever it does before, and the state it starts with. */
export interface Stream {
  /** Of the first instruction, from `codeBase`. */
  readonly start: number
  readonly code: Uint8Array
  readonly state: State
}

/** How a stream ended. */
export interface Outcome extends State {
  readonly trap: 'breakpoint' | 'illegal' | 'misaligned' | 'fault' | 'none'
  readonly pc: bigint
}

const registerNames = (file: string): readonly string[] => Array.from({ length: 32 }, (_, index) => `${file}${index}`)
const [integers, floats] = [registerNames('x'), registerNames('f')]
const hex = (value: bigint | number): string => `0x${value.toString(16)}`

/** Every difference between two outcomes, a line each; none if they are equal. */
export const differences = (expected: Outcome, actual: Outcome): readonly string[] => {
  const lines: string[] = []
  const compare = (what: string, a: string, b: string): void => {
    if (a !== b) lines.push(`${what}: ${a} expected, ${b} came`)
  }
  compare('trap', expected.trap, actual.trap)
  compare('pc', hex(expected.pc), hex(actual.pc))
  compare('fcsr', hex(expected.fcsr), hex(actual.fcsr))
  for (let index = 1; index < 32; index++) compare(integers[index]!, hex(expected.x[index]!), hex(actual.x[index]!))
  for (let index = 0; index < 32; index++) compare(floats[index]!, hex(expected.f[index]!), hex(actual.f[index]!))
  if (Buffer.compare(expected.data, actual.data) !== 0) {
    expected.data.forEach((byte, index) => { compare(`byte at ${hex(dataBase + index)}`, hex(byte), hex(actual.data[index]!)) })
  }
  return lines
}

/** The registers of a state, four to a line. */
export const describeState = (state: State): string => {
  const cells = [...state.x].map((value, index) => `${integers[index]!}=${hex(value)}`)
  cells.push(...[...state.f].map((value, index) => `${floats[index]!}=${hex(value)}`), `fcsr=${hex(state.fcsr)}`)
  return Array.from({ length: Math.ceil(cells.length / 4) }, (_, line) => cells.slice(4 * line, 4 * line + 4).join(' ')).join('\n')
}
