/** What the agent reports over the control line. */
export type Report =
  | { readonly kind: 'ready'; readonly version: number }
  /** The command's process group in the guest. */
  | { readonly kind: 'started'; readonly id: number; readonly group: number }
  /** It asks for the next piece of input. */
  | { readonly kind: 'want'; readonly id: number }
  /** The command ended; its output may still be on its way. */
  | { readonly kind: 'ended'; readonly id: number }
  /** Everything of the command has arrived. */
  | { readonly kind: 'exit'; readonly id: number; readonly status: number }

/** Longer lines are none of the agent's. */
const longest = 256

const parse = (line: string): Report | undefined => {
  const [verb, first, second] = line.split(' ')
  const number = (text: string | undefined): number => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : NaN)
  const id = number(first)
  const value = number(second)
  if (Number.isNaN(id)) return undefined
  if (verb === 'ready') return { kind: 'ready', version: id }
  if (verb === 'want') return { kind: 'want', id }
  if (verb === 'ended') return { kind: 'ended', id }
  if (Number.isNaN(value)) return undefined
  if (verb === 'started') return { kind: 'started', id, group: value }
  if (verb === 'exit') return { kind: 'exit', id, status: value }
  return undefined
}

/**
 * Cuts the bytes of the control line into reports. What is none is left out: anything in the guest may write to that
 * line.
 */
export class ControlLine {
  #partial = ''

  push(bytes: Uint8Array): Report[] {
    const lines = (this.#partial + Buffer.from(bytes).toString('latin1')).split('\n')
    this.#partial = (lines.pop() ?? '').slice(0, longest)
    return lines.filter((line) => line.length < longest).flatMap((line) => parse(line) ?? [])
  }
}
