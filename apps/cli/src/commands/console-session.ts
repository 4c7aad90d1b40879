import { EscapeWatcher } from '../terminal/escape.ts'
import { enterRawMode } from '../terminal/raw-mode.ts'
import { copyTo } from '../terminal/standard-output.ts'
import type { Guest } from '../guest/guest.ts'

/** What ended a session at the console. */
export type SessionEnd = 'left' | 'done'

/**
 * Connects this process's terminal, or its plain input and output, to the guest's console until `until` settles, the
 * guest ends, or the user leaves with Ctrl-A X. The terminal is then as it was before.
 */
export const attachConsole = async (guest: Guest, until: Promise<unknown>, notice?: string): Promise<SessionEnd> => {
  const { stdin, stdout } = process
  const restore = stdin.isTTY ? enterRawMode(stdin) : undefined
  const escape = new EscapeWatcher()
  let leave: () => void = () => undefined
  const left = new Promise<SessionEnd>((resolve) => {
    leave = () => resolve('left')
  })
  const typed = (piece: Buffer): void => {
    if (restore === undefined) {
      guest.console.send(piece)
      return
    }
    const { bytes, leave: out } = escape.push(piece)
    if (bytes.length > 0) guest.console.send(bytes)
    if (out) leave()
  }
  try {
    if (notice !== undefined && restore !== undefined) process.stderr.write(`${notice}\r\n`)
    stdin.on('data', typed)
    const copied = copyTo(guest.console.readable, stdout)
    // The copy ends with the guest; its failure, such as a closed pipe, ends the session.
    const over = Promise.race([until, copied]).then(() => 'done' as const)
    return await Promise.race([left, over])
  } finally {
    stdin.off('data', typed)
    stdin.pause()
    restore?.()
  }
}
