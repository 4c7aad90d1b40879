import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { RunError } from './measured-run.ts'
import { parseStatTicks } from './process-accounts.ts'
import { marks } from './program-guest.ts'
import type { RunTimes } from './measured-run.ts'

/** What one program did between its marks. */
export interface MarkedRun extends RunTimes {
  readonly status: number
  readonly output: string
}

/** When a mark was seen: the host's time and the processor time of the process, in seconds. */
export interface Moment {
  readonly wall: number
  readonly cpu: number
}

/** Takes the output of a run apart, piece by piece as it comes. */
export class MarkReader {
  readonly runs: Map<string, MarkedRun> = new Map<string, MarkedRun>()
  readonly #now: () => Moment
  #rest = ''
  #begun: Moment | undefined
  #ended: { readonly name: string; readonly status: number; readonly times: RunTimes; readonly lines: string[] } | undefined

  constructor(now: () => Moment) {
    this.#now = now
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#take(line.replace(/\r$/, ''))
  }

  #take(line: string): void {
    const [mark, name = '', status] = line.split(' ')
    if (mark === marks.begin) this.#begun = this.#now()
    else if (mark === marks.end && this.#begun !== undefined) {
      const { wall, cpu } = this.#now()
      this.#ended = { name, status: Number(status), times: { wall: wall - this.#begun.wall, cpu: cpu - this.#begun.cpu }, lines: [] }
      this.#begun = undefined
    } else if (mark === marks.shown && this.#ended !== undefined) {
      const { name: which, status: code, times, lines } = this.#ended
      this.runs.set(which, { ...times, status: code, output: lines.join('\n') })
      this.#ended = undefined
    } else this.#ended?.lines.push(line)
  }
}

/** Runs what prints marks, and measures what is between them. Rejects with `RunError` if it fails or does not end within `timeout` seconds. */
export const markedRun = (command: string, args: readonly string[], timeout: number): Promise<ReadonlyMap<string, MarkedRun>> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const reader = new MarkReader(() => ({ wall: performance.now() / 1000, cpu: parseStatTicks(readFileSync(`/proc/${child.pid!}/stat`, 'utf8'), true) / 100 }))
    let last = ''
    const keep = (text: string): void => {
      last = (last + text).slice(-1000)
    }
    child.stdout.on('data', (bytes: Buffer) => {
      keep(bytes.toString('latin1'))
      reader.push(bytes.toString('latin1'))
    })
    child.stderr.on('data', (bytes: Buffer) => keep(bytes.toString('latin1')))
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout * 1000)
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new RunError(`${command} cannot be started`, { cause }))
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      if (status === 0) resolve(reader.runs)
      else reject(new RunError(`${command} ${signal === null ? `failed with status ${status ?? ''}` : `did not end within ${timeout} s`}; it said last:\n${last}`))
    })
  })
