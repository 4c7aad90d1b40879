import { execFileSync, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

const app = fileURLToPath(new URL('../../', import.meta.url))
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** What `npm` puts on the path, freshly built. */
export const executable: string = `${app}bin/strata.js`

/** Builds what the executable imports; at once if nothing has changed. */
export const build = (): void => {
  execFileSync(process.execPath, [compiler, '-b', app], { stdio: 'inherit' })
}

export interface Ended {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Waits for a process and gathers what it prints. */
export const ended = async (child: ChildProcess): Promise<Ended> => {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes))
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}

/** Runs `strata` with words, input and additional environment. */
export const strata = async (words: readonly string[], options: { readonly input?: Uint8Array; readonly env?: Record<string, string> } = {}): Promise<Ended> => {
  const child = spawn(process.execPath, [executable, ...words], { env: { ...process.env, ...options.env }, stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
  // A command may end without having read all of it.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input)
  return ended(child)
}

/** A terminal session with whatever runs in it. */
export class Terminal {
  readonly child: ChildProcess
  text = ''

  /** `command` is for `sh`. */
  constructor(command: string) {
    this.child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TERM: 'xterm' } })
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1')
    })
  }

  type(text: string): void {
    this.child.stdin?.write(Buffer.from(text, 'latin1'))
  }

  /** Waits until `pattern` is there behind what was seen before, and goes on behind it. */
  async see(pattern: RegExp, seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000
    for (;;) {
      const match = pattern.exec(this.text)
      if (match !== null) {
        this.text = this.text.slice(match.index + match[0].length)
        return
      }
      if (Date.now() > until) throw new Error(`${String(pattern)} did not come within ${seconds} s; there is: ${JSON.stringify(this.text.slice(-2000))}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
