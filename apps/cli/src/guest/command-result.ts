import { StrataError } from '../errors.ts'
import type { Command, CommandOptions } from './command.ts'

export interface ExecOptions extends CommandOptions {
  /** The most bytes that are kept of each of its outputs; 64 MiB unless given. */
  readonly maxOutput?: number
}

/** Bytes with a view as text. */
export class CommandOutput {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** As UTF-8; what is none becomes U+FFFD. */
  get text(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength).toString('utf8')
  }

  toString(): string {
    return this.text
  }
}

/** What a command that has ended leaves. */
export interface CommandResult {
  /** Its exit status; 128 + n if signal n ended it. */
  readonly status: number
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
}

const gather = async (stream: ReadableStream<Uint8Array>, limit: number, onLimit: () => void): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of stream) {
    length += piece.length
    if (length > limit) {
      onLimit()
      break
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Starts a command and gathers what it prints until it has ended. */
export const collect = async (start: (signal: AbortSignal) => Promise<Command>, options: ExecOptions): Promise<CommandResult> => {
  const { maxOutput = 64 * 2 ** 20, signal } = options
  const limit = new AbortController()
  const command = await start(signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]))
  const over = (): void => {
    limit.abort(new StrataError('ERR_OUTPUT_LIMIT', `the command printed more than ${maxOutput} bytes: raise maxOutput, or read its streams with spawn`))
  }
  const [status, stdout, stderr] = await Promise.all([
    command.finished,
    gather(command.stdout, maxOutput, over),
    gather(command.stderr, maxOutput, over),
  ])
  return { status, stdout: new CommandOutput(stdout), stderr: new CommandOutput(stderr) }
}
