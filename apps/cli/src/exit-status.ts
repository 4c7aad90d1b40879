import { StrataError } from './errors.ts'
import { ReaderGone } from './terminal/standard-output.ts'

/** Exit statuses of `strata` that are not the guest's. */
export const exitStatus: { readonly strata: 125; readonly timeout: 124; readonly pipe: 141 } = {
  /** Strata itself failed, as with Docker. */
  strata: 125,
  /** `--timeout` was over, as with `timeout`. */
  timeout: 124,
  /** Whoever read our output was gone: 128 + SIGPIPE. */
  pipe: 141,
}

/** A signal from outside ended it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly signal: number

  constructor(signal: number) {
    super(`signal ${signal}`)
    this.signal = signal
  }
}

const codeOf = (error: Error): string | undefined => ('code' in error && typeof error.code === 'string' ? error.code : undefined)

/** One line about a failure: what happened, and its code. */
export const failureLine = (error: unknown): string => {
  if (!(error instanceof Error)) return `strata: ${String(error)}`
  const code = codeOf(error)
  const message = error.message.replaceAll(/\s*\n\s*/g, ' ')
  return `strata: ${message}${code === undefined ? '' : ` [${code}]`}`
}

/** The exit status a failure stands for, and what to say about it; nothing if it speaks for itself. */
export const failureStatus = (error: unknown): { readonly status: number; readonly line?: string } => {
  if (error instanceof ReaderGone) return { status: exitStatus.pipe }
  if (error instanceof Interrupted) return { status: 128 + error.signal }
  if (error instanceof StrataError && error.code === 'ERR_TIMEOUT') return { status: exitStatus.timeout, line: failureLine(error) }
  // Without a code nobody foresaw it: then where it happened helps.
  if (error instanceof Error && codeOf(error) === undefined && error.stack !== undefined) return { status: exitStatus.strata, line: `strata: unexpected failure: ${error.stack}` }
  return { status: exitStatus.strata, line: failureLine(error) }
}
