import { CommanderError } from 'commander'
import { exitStatus, failureStatus } from './exit-status.ts'
import { createProgram, splitCommand } from './program.ts'
import type { Outcome } from './program.ts'
import { tuneV8 } from './v8-flags.ts'

/** What is wrong with the command line, in one line. */
const usageMessage = (error: CommanderError): string => {
  const message = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ').replace(/\.$/, '')
  return error.code === 'commander.excessArguments' ? `${message}: put -- before the guest's command` : `${message}: see strata --help`
}

/** Does what the command line says; resolves with the exit status. All that fails ends here. */
const main = async (words: readonly string[]): Promise<number> => {
  const outcome: Outcome = { status: 0 }
  const { own, command } = splitCommand(words)
  try {
    const program = createProgram(command, outcome)
    if (own.length === 0) {
      process.stdout.write(program.helpInformation())
      return 0
    }
    await program.parseAsync(own, { from: 'user' })
    return outcome.status
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      process.stderr.write(`strata: ${usageMessage(error)} [ERR_OPTION]\n`)
      return exitStatus.strata
    }
    const { status, line } = failureStatus(error)
    if (line !== undefined) process.stderr.write(`${line}\n`)
    return status
  }
}

// A pipe that is closed behind our back is found out by whoever writes next.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
tuneV8()
const status = await main(process.argv.slice(2))
// Input that nobody reads any more must not keep the process.
process.exit(status)
