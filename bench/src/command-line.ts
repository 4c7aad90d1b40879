import { parseArgs } from 'node:util'
import { kernels } from './kernels.ts'
import { groups } from './result-files.ts'
import type { Results } from './section.ts'

export interface BenchRequest {
  readonly groups: readonly Results['group'][]
  readonly rounds: number
  readonly scale: number
  readonly only: readonly string[]
  readonly nodes: readonly string[]
  /** Only write the document anew. */
  readonly render: boolean
}

/** A command line that makes no sense. */
export class UsageError extends Error {
  readonly code = 'ERR_BENCH_USAGE'
}

const chosen = <Name extends string>(what: string, names: readonly string[], known: readonly Name[]): readonly Name[] =>
  names.map((name) => {
    const found = known.find((one) => one === name)
    if (found === undefined) throw new UsageError(`no ${what} ${name}; there are: ${known.join(', ')}`)
    return found
  })

const positive = (option: string, text: string, whole: boolean): number => {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value) && (!whole || Number.isInteger(value))) return value
  throw new UsageError(`--${option} takes a positive ${whole ? 'whole number' : 'number'}, not ${JSON.stringify(text)}`)
}

/** Makes sense of what follows `npm run bench --`. Throws `UsageError`. */
export const parseCommandLine = (words: readonly string[]): BenchRequest => {
  let parsed
  try {
    parsed = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '5' },
        scale: { type: 'string', default: '1' },
        only: { type: 'string', multiple: true, default: [] },
        node: { type: 'string', multiple: true, default: [] },
        render: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { values, positionals } = parsed
  return {
    groups: positionals.length === 0 ? groups : chosen('group', positionals, groups),
    rounds: positive('rounds', values.rounds, true),
    scale: positive('scale', values.scale, false),
    only: chosen('kernel', values.only.flatMap((names) => names.split(',')), kernels.map(({ name }) => name)),
    nodes: values.node,
    render: values.render,
  }
}
