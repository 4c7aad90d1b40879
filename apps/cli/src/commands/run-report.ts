import type { CommandResult } from '../guest/command-result.ts'

/** When things were reached, in milliseconds of `performance.now`. */
export interface RunTimes {
  readonly begun: number
  /** The machine started to run. */
  readonly booting: number
  /** The guest took commands. */
  readonly ready: number
  readonly ended: number
}

type Text = string | { readonly base64: string }

/** Output as text where it is UTF-8, else in base64. */
const textOf = (bytes: Uint8Array): Text => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}

/** What `--json` prints. Times are milliseconds, of which `boot` is from the machine's start to the first command. */
export interface RunReport {
  readonly status: number
  readonly stdout: Text
  readonly stderr: Text
  /** Retired by all CPUs: until the guest was ready, and for the command. */
  readonly instructions: { readonly boot: number; readonly command: number }
  readonly milliseconds: { readonly prepare: number; readonly boot: number; readonly command: number; readonly total: number }
}

export const runReport = (result: CommandResult, times: RunTimes, instructions: RunReport['instructions']): RunReport => {
  const round = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000
  return {
    status: result.status,
    stdout: textOf(result.stdout.bytes),
    stderr: textOf(result.stderr.bytes),
    instructions,
    milliseconds: {
      prepare: round(times.booting - times.begun),
      boot: round(times.ready - times.booting),
      command: round(times.ended - times.ready),
      total: round(times.ended - times.begun),
    },
  }
}
