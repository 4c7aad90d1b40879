import { StrataError } from '../errors.ts'
import { collect } from '../guest/command-result.ts'
import { start } from '../start.ts'
import { progressOn } from '../terminal/progress.ts'
import { copyTo, writeTo } from '../terminal/standard-output.ts'
import { attachConsole } from './console-session.ts'
import { catchInterrupts } from './interrupts.ts'
import { runReport } from './run-report.ts'
import type { Guest } from '../guest/guest.ts'
import type { SessionEnd } from './console-session.ts'
import type { Interrupts } from './interrupts.ts'
import type { RunRequest } from './run-options.ts'

const wayOut = 'Ctrl-A X leaves the guest.'

/** A command's input is ours: a pipe, a file, or what is typed. */
const ownInput = async function* (): AsyncGenerator<Uint8Array> {
  for await (const piece of process.stdin) yield piece as Buffer
}

/** Boots and says when what was reached. The progress line is gone once the guest runs. */
const boot = async (request: RunRequest, interrupts: Interrupts, onBoot: (guest: Guest) => void): Promise<{ guest: Guest; booting: number }> => {
  const progress = progressOn(process.stderr)
  let booting = 0
  try {
    const guest = await start({
      ...request.guest,
      signal: interrupts.signal,
      onProgress: progress.show,
      onBoot: (running) => {
        progress.clear()
        booting = performance.now()
        onBoot(running)
      },
    })
    return { guest, booting }
  } finally {
    progress.clear()
  }
}

const runCommand = async (request: RunRequest, command: readonly string[], input: boolean, interrupts: Interrupts): Promise<number> => {
  const begun = performance.now()
  const { guest, booting } = await boot(request, interrupts, (running) => {
    if (request.verbose) void copyTo(running.console.readable, process.stderr).catch(interrupts.abort)
  })
  const ready = performance.now()
  const booted = guest.instructions
  const spawn = async (signal: AbortSignal): Promise<Awaited<ReturnType<Guest['spawn']>>> => {
    const running = await guest.spawn(command, { env: request.env, signal, ...(input ? { stdin: ownInput() } : {}) })
    interrupts.forwardTo((name) => running.kill(name))
    return running
  }
  if (request.json) {
    const result = await collect(spawn, { signal: interrupts.signal })
    const ended = performance.now()
    const report = runReport(result, { begun, booting, ready, ended }, { boot: booted, command: guest.instructions - booted })
    await writeTo(process.stdout, `${JSON.stringify(report, undefined, 2)}\n`)
    return result.status
  }
  const running = await spawn(interrupts.signal)
  const copied = Promise.all([copyTo(running.stdout, process.stdout), copyTo(running.stderr, process.stderr)])
  copied.catch(interrupts.abort)
  const [status] = await Promise.all([running.finished, copied])
  await guest.powerOff()
  return status
}

/** The image's own system on its console, until it ends. */
const runConsole = async (request: RunRequest, interrupts: Interrupts): Promise<number> => {
  let session: Promise<SessionEnd> | undefined
  const { guest } = await boot(request, interrupts, (running) => {
    session = attachConsole(running, running.ended, wayOut)
  })
  if ((await session) === 'left') return 0
  const how = await guest.ended
  interrupts.signal.throwIfAborted()
  if (how.kind === 'fault') throw new StrataError('ERR_GUEST_GONE', `the guest is gone: its CPU can make no progress: ${how.reason}`)
  return how.kind === 'failure' ? Math.min(how.code, 255) : 0
}

/** An interactive shell. The console is connected from the start: the way out is open while the guest boots. */
const runShell = async (request: RunRequest, interrupts: Interrupts): Promise<number> => {
  let over: () => void = () => undefined
  const shellOver = new Promise<void>((resolve) => {
    over = resolve
  })
  let session: Promise<SessionEnd> | undefined
  let running: Guest | undefined
  const status = boot(request, interrupts, (started) => {
    running = started
    session = attachConsole(started, shellOver, wayOut)
    session.then((end) => {
      if (end === 'left') void started.stop()
    }, interrupts.abort)
  }).then(({ guest }) => {
    const { rows, columns } = process.stdout
    const { TERM: term } = process.env
    return guest.shell({ size: { rows, columns }, env: request.env, ...(term === undefined ? {} : { term }) })
  })
  try {
    return await status
  } catch (error) {
    const left = session !== undefined && (await Promise.race([session, running?.ended])) === 'left'
    const end = await running?.ended
    if (left || end?.kind === 'poweroff' || end?.kind === 'reset') return 0
    throw error
  } finally {
    over()
    await session
    await running?.powerOff()
  }
}

/** Does what `strata run` was asked to do; resolves with the exit status. */
export const run = async (request: RunRequest): Promise<number> => {
  const { timeout } = request
  const interrupts = catchInterrupts(timeout === undefined ? undefined : {
    milliseconds: timeout,
    reason: () => new StrataError('ERR_TIMEOUT', `the guest was not done within ${timeout / 1000} s: give it more with --timeout`),
  })
  try {
    if (request.command !== undefined) return await runCommand(request, request.command, true, interrupts)
    if (request.guest.initramfs !== undefined || (request.guest.image ?? 'debian') !== 'debian') return await runConsole(request, interrupts)
    if (process.stdin.isTTY && process.stdout.isTTY) return await runShell(request, interrupts)
    // Nobody is there to type: the guest introduces itself.
    return await runCommand(request, ['uname', '-a'], false, interrupts)
  } catch (error) {
    throw interrupts.signal.aborted ? interrupts.signal.reason : error
  } finally {
    interrupts.dispose()
  }
}

