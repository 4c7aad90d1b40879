import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { prompt } from './test-guest.ts'
import type { GuestRunner, TestGuest } from './test-guest.ts'

/** How long a guest may take to its prompt, in milliseconds. */
const patience = 180_000

/** Boots a guest to its shell's prompt, lets `examine` look at its process, and ends it. */
export const withRestingGuest = async <Result>(
  runner: GuestRunner, guest: TestGuest, examine: (pid: number) => Promise<Result>,
): Promise<Result> => {
  const child = spawn(runner.program, runner.args(guest), { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  try {
    await new Promise<void>((resolve, reject) => {
      let output = ''
      const timer = setTimeout(() => reject(new Error(`${runner.name}: no prompt within ${patience / 1000} s; the guest said:\n${output.slice(-500)}`)), patience)
      child.on('error', reject)
      child.on('exit', () => reject(new Error(`${runner.name}: ended before the guest's prompt; the guest said:\n${output.slice(-500)}`)))
      child.stdout.on('data', (bytes: Buffer) => {
        output += bytes.toString('latin1')
        if (!output.includes(prompt)) return
        clearTimeout(timer)
        resolve()
      })
    })
    return await examine(child.pid!)
  } finally {
    child.kill('SIGKILL')
    await closed
  }
}

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
