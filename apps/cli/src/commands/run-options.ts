import { StrataError } from '../errors.ts'
import type { GuestImageOptions } from '../guest/boot-image.ts'

/** `strata run`'s options as they come from the command line. */
export interface RunFlags {
  readonly as: 'emulate'
  readonly cpu: 'rv64'
  readonly memory: string
  readonly cpus: string
  readonly engine: 'interpreter' | 'translator'
  readonly env: readonly string[]
  readonly kernel?: string
  readonly initrd?: string
  readonly append?: string
  readonly firmware: 'none' | 'opensbi'
  readonly packages?: string
  readonly timeout?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** What `strata run` was asked to do. */
export interface RunRequest {
  readonly guest: GuestImageOptions & { readonly as: 'emulate'; readonly cpu: 'rv64'; readonly memory: string; readonly cpus: number; readonly engine: 'interpreter' | 'translator' }
  /** What the guest shall run; without it, an interactive shell. */
  readonly command?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds after which it is over. */
  readonly timeout?: number
  readonly json: boolean
  readonly verbose: boolean
}

const assignment = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  if (at <= 0) throw new StrataError('ERR_OPTION', `-e takes a variable as NAME=VALUE, not '${text}'`)
  return [text.slice(0, at), text.slice(at + 1)]
}

const seconds = (text: string): number => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (!(value > 0 && value <= 1e6)) throw new StrataError('ERR_OPTION', `--timeout takes a number of seconds above 0, not '${text}'`)
  return value
}

const count = (text: string): number => {
  if (!/^[1-8]$/.test(text)) throw new StrataError('ERR_OPTION', `-c takes a number of CPUs from 1 to 8, not '${text}'`)
  return Number(text)
}

const packageList = (text: string): readonly string[] => {
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name))) {
    throw new StrataError('ERR_OPTION', `--packages takes names of Debian packages with commas between them, not '${text}'`)
  }
  return names
}

/** Makes sense of the command line. Throws `ERR_OPTION`. */
export const runRequest = (image: string | undefined, command: readonly string[] | undefined, flags: RunFlags): RunRequest => {
  if (command?.length === 0) throw new StrataError('ERR_OPTION', 'a command must follow --: strata run -- uname -a')
  if (flags.json === true && command === undefined) throw new StrataError('ERR_OPTION', '--json reports on a command: give one after --')
  if (command !== undefined && (flags.initrd !== undefined || (image !== undefined && image !== 'debian'))) {
    throw new StrataError('ERR_OPTION', 'only the image debian takes a command: leave out the command, or the other image or --initrd')
  }
  return {
    guest: {
      as: flags.as,
      cpu: flags.cpu,
      memory: flags.memory,
      cpus: count(flags.cpus),
      engine: flags.engine,
      firmware: flags.firmware,
      bootMessages: flags.verbose === true,
      ...(image === undefined ? {} : { image }),
      ...(flags.kernel === undefined ? {} : { kernel: flags.kernel }),
      ...(flags.initrd === undefined ? {} : { initramfs: flags.initrd }),
      ...(flags.append === undefined ? {} : { append: flags.append }),
      ...(flags.packages === undefined ? {} : { packages: packageList(flags.packages) }),
    },
    env: Object.fromEntries(flags.env.map(assignment)),
    json: flags.json === true,
    verbose: flags.verbose === true,
    ...(command === undefined ? {} : { command }),
    ...(flags.timeout === undefined ? {} : { timeout: seconds(flags.timeout) * 1000 }),
  }
}
