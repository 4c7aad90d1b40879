import { writeSync } from 'node:fs'
import type { ReadStream } from 'node:tty'

/**
 * What a guest may have left switched on, switched off: application cursor keys and keypad, bracketed paste, mouse
 * reports, the alternate screen, colours, a hidden cursor.
 */
const tidy = '\x1b[?1l\x1b>\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[?47l\x1b[0m\x1b[?25h'

const deadly = { SIGTERM: 15, SIGHUP: 1, SIGINT: 2, SIGQUIT: 3 } as const

/**
 * Makes the terminal pass every key on as it is, until the result is called or the process ends, by whatever end: its
 * own exit, an error nobody caught, or a signal that can be caught.
 */
export const enterRawMode = (input: ReadStream): (() => void) => {
  let raw = true
  const restore = (): void => {
    if (!raw) return
    raw = false
    process.off('exit', restore)
    for (const [signal, die] of handlers) process.off(signal, die)
    input.setRawMode(false)
    try {
      writeSync(1, tidy)
    } catch {
      // A terminal that is gone needs no tidying.
    }
  }
  const handlers = (Object.keys(deadly) as (keyof typeof deadly)[]).map((signal) => {
    const die = (): void => {
      restore()
      process.exit(128 + deadly[signal])
    }
    return [signal, die] as const
  })
  // An error nobody caught ends the process, and thus comes past 'exit'.
  process.on('exit', restore)
  for (const [signal, die] of handlers) process.on(signal, die)
  input.setRawMode(true)
  return restore
}
