import { readFileSync } from 'node:fs'
import completion from '@bomb.sh/tab/commander'
import { Argument, Command, Option } from 'commander'
import { doctor } from './commands/doctor.ts'
import { images, list, pull, remove } from './commands/image.ts'
import { runRequest } from './commands/run-options.ts'
import { run } from './commands/run.ts'
import type { RunFlags } from './commands/run-options.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }

/** What was asked for and comes out of it: an exit status. */
export interface Outcome {
  status: number
}

/** Everything before `--` is ours, everything behind it the guest's command. */
export const splitCommand = (words: readonly string[]): { readonly own: readonly string[]; readonly command?: readonly string[] } => {
  const at = words[0] === 'run' ? words.indexOf('--') : -1
  return at < 0 ? { own: words } : { own: words.slice(0, at), command: words.slice(at + 1) }
}

/** The command line's grammar. `command` is what stands behind `--`; actions leave their exit status in `outcome`. */
export const createProgram = (command: readonly string[] | undefined, outcome: Outcome): Command => {
  const program = new Command('strata')
  program
    .description('Runs guests: unmodified operating systems for processors you do not own.')
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', `
Examples:
  strata run                                   a shell in Debian for RISC-V; Ctrl-A X leaves
  strata run -- uname -a                       a command; its output and exit status are ours
  tar c . | strata run -- sha256sum            its input too
  strata run --packages 7zip -- 7z b          with programs from Debian
  strata run --firmware opensbi -- dmesg       all of the machine, firmware included
  strata run debian-installer                  an untouched system

Exit status: the command's; 124 if --timeout was over; 125 if Strata itself failed.`)

  program
    .command('run')
    .summary('start a guest, and run a command or a shell in it')
    .description('Starts a guest. With a command behind --, runs it: its output and exit status are ours. Without, opens a shell on a terminal; elsewhere prints the guest’s uname.')
    .usage('[options] [image] [-- command…]')
    .addArgument(new Argument('[image]', 'what to start').choices(images))
    .addOption(new Option('--as <way>', 'how to run it').choices(['emulate']).default('emulate'))
    .addOption(new Option('--cpu <name>', 'the guest’s processor').choices(['rv64']).default('rv64'))
    .option('-m, --memory <size>', 'its memory: a number with K, M or G', '512M')
    .option('-c, --cpus <number>', 'how many processors, 1 to 8', '1')
    .addOption(new Option('--engine <name>', 'interpret everything, or translate hot code: faster in long runs, takes more memory').choices(['interpreter', 'translator']).default('interpreter'))
    .option('-e, --env <name=value>', 'a variable in the command’s environment; can be given again', (text: string, all: readonly string[]) => [...all, text], [])
    .option('--packages <names>', 'Debian packages to have in the guest, with commas between them')
    .option('--kernel <file>', 'a kernel of your own: Image or ELF, also in gzip')
    .option('--initrd <file>', 'an initramfs of your own; then nothing in the guest is ours')
    .option('--append <text>', 'goes behind the kernel’s command line')
    .addOption(new Option('--firmware <name>', 'what answers the kernel’s firmware calls: Strata, or OpenSBI in the guest').choices(['none', 'opensbi']).default('none'))
    .option('--timeout <seconds>', 'ends it after that time, with exit status 124')
    .option('--json', 'report status, output, instructions and times as JSON')
    .option('--verbose', 'show what the kernel prints while it boots')
    .action(async (image: string | undefined, flags: RunFlags) => {
      outcome.status = await run(runRequest(image, command, flags))
    })

  const image = program.command('image').summary('obtain, list and remove images').description('Images in the cache.')
  image.command('pull').description('Obtains an image’s present version from the mirror.').addArgument(new Argument('<image>').choices(images)).action(pull)
  image.command('ls').description('Lists the images in the cache.').option('--json', 'as JSON').action(list)
  image.command('rm').description('Removes an image, and what no other needs.').argument('<image>').action(remove)

  program
    .command('doctor')
    .description('Looks at all that Strata needs here, and says what is missing and what to do about it.')
    .option('--json', 'as JSON')
    .action(async (options: { readonly json?: boolean }) => {
      outcome.status = await doctor(options)
    })

  completion(program, { completionCommandName: 'completion' })
  return program
}
