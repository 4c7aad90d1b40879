import { StrataError } from '../errors.ts'

/** What a command finds around itself. */
export interface CommandSurroundings {
  /** Environment variables, in addition to the guest's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Where it starts; `/root` unless given. */
  readonly cwd?: string
}

/** The longest command line with its environment, in bytes: what a Linux kernel takes at most, less some room. */
export const longestCommand: number = 512 * 1024

/** `text` as one word of a POSIX shell, whatever it holds. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/**
 * A POSIX shell script that becomes the command. Throws `ERR_OPTION` if no command line can say it: it is empty or too
 * long, holds a NUL, or a variable's name is none.
 */
export const commandScript = (command: readonly string[], { env = {}, cwd }: CommandSurroundings = {}): string => {
  if (command.length === 0 || command[0] === '') {
    throw new StrataError('ERR_OPTION', 'a command needs a name: give at least one word after --')
  }
  const lines: string[] = []
  if (cwd !== undefined) lines.push(`cd ${shellQuote(cwd)} || exit 126`)
  for (const [name, value] of Object.entries(env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new StrataError('ERR_OPTION', `an environment variable is named with letters, digits and _, not '${name}'`)
    }
    lines.push(`export ${name}=${shellQuote(value)}`)
  }
  lines.push(`exec ${command.map(shellQuote).join(' ')}`, '')
  const script = lines.join('\n')
  if (script.includes('\0')) throw new StrataError('ERR_OPTION', 'a command and its environment cannot hold a NUL character: pass such data on standard input')
  const length = Buffer.byteLength(script)
  if (length > longestCommand) {
    throw new StrataError('ERR_OPTION', `a command and its environment can have ${longestCommand} bytes, not ${length}: pass long data on standard input`)
  }
  return script
}
