import { spawn } from 'node:child_process'

/** What a run of a program took, in seconds. */
export interface RunTimes {
  /** From start to end, as seen from outside. */
  readonly wall: number
  /** Of all of its threads, user and system time together. */
  readonly cpu: number
}

export interface MeasuredRun extends RunTimes {
  readonly stdout: string
  /** When the text that was waited for was first seen, in seconds from the start. */
  readonly seen?: number
}

export interface RunOptions {
  /** Waits for this text on standard output, to say when it came. */
  readonly watchFor?: string
  /** Kills it after so many seconds; then the run fails. 600 unless given. */
  readonly timeout?: number
}

/** A program that was to be measured failed, or never ended. */
export class RunError extends Error {
  readonly code = 'ERR_BENCH_RUN'
}

// Node does not say what a child has used; the shell does. It gets the times out on a descriptor of its own (4), past
// those of the program, whose standard error is kept in 3.
const timed = 'TIMEFORMAT="%3U %3S"; { time "$0" "$@" 2>&3 3>&- 4>&-; } 3>&2 2>&4'

/** The sum of what bash's `time` printed with `%3U %3S`, in seconds; undefined for anything else. */
export const parseTimes = (text: string): number | undefined => {
  const [, user, system] = /^(\d+\.\d{3}) (\d+\.\d{3})\n?$/.exec(text) ?? []
  return user === undefined || system === undefined ? undefined : (Math.round(Number(user) * 1000) + Math.round(Number(system) * 1000)) / 1000
}

/** Runs a program to its end and measures it. Rejects with `RunError` if it fails. */
export const measuredRun = (command: string, args: readonly string[], options: RunOptions = {}): Promise<MeasuredRun> =>
  new Promise((resolve, reject) => {
    const { watchFor, timeout = 600 } = options
    const started = performance.now()
    const seconds = (): number => (performance.now() - started) / 1000
    // A group of its own: killing it takes the program along with the shell.
    const child = spawn('bash', ['-c', timed, command, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe'], detached: true })
    let stdout = ''
    let stderr = ''
    let times = ''
    let seen: number | undefined
    let wall = 0
    child.stdout?.on('data', (bytes: Buffer) => {
      stdout += bytes.toString('latin1')
      if (watchFor !== undefined && seen === undefined && stdout.includes(watchFor)) seen = seconds()
    })
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr += bytes.toString('latin1')
    })
    child.stdio[4]?.on('data', (bytes: Buffer) => {
      times += bytes.toString('latin1')
    })
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), timeout * 1000)
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new RunError(`bash cannot be started to measure ${command}`, { cause }))
    })
    child.on('exit', () => {
      wall = seconds()
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      const said = (): string => `${stdout}${stderr}`.trim().split('\n').slice(-5).join('\n')
      const cpu = parseTimes(times)
      if (signal !== null) reject(new RunError(`${command} did not end within ${timeout} s; it said last:\n${said()}`))
      else if (status !== 0) reject(new RunError(`${command} failed with status ${status}; it said last:\n${said()}`))
      else if (cpu === undefined) reject(new RunError(`expected the user and system time of ${command}, got ${JSON.stringify(times)}`))
      else resolve({ wall, cpu, stdout, ...(seen === undefined ? {} : { seen }) })
    })
  })
