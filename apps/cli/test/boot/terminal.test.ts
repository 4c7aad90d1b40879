import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { build, executable, Terminal } from '../support/strata.ts'

const patience = 300_000
const folder = mkdtempSync(join(tmpdir(), 'strata-terminal-'))
beforeAll(build, patience)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A terminal in which `strata` runs with the terminal's settings noted before and after. */
const session = (words: string): { terminal: Terminal; settings: (when: 'before' | 'after') => string } => {
  const id = Math.random().toString(36).slice(2)
  const path = (when: string): string => join(folder, `${id}-${when}`)
  const terminal = new Terminal(`stty rows 33 cols 99; stty -a >${path('before')}; ${process.execPath} ${executable} ${words}; echo "status=$?"; stty -a >${path('after')}; echo finished`)
  return { terminal, settings: (when) => readFileSync(path(when), 'utf8') }
}

// Node leaves the terminal's own carriage returns on, so lines may end with two of them.
test('an interactive shell: editing, Ctrl-C, jobs, size, status', async () => {
  const { terminal, settings } = session('run -e GREETING=hello')
  await terminal.see(/Ctrl-A X leaves/, 60)
  await terminal.see(/~ # /, 120)
  terminal.type('stty size; ecbo\x7f\x7fho "$GREETING" $TERM\r')
  await terminal.see(/33 99\r*\nhello xterm\r*\n/, 20)
  terminal.type('sleep 1000\r')
  await terminal.see(/sleep 1000\r*\n/, 20)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  terminal.type('\x03')
  await terminal.see(/~ # /, 20)
  terminal.type('echo "rc=$?"; sleep 1000 & jobs; kill %1\r')
  await terminal.see(/rc=130\r*\n/, 20)
  await terminal.see(/Running +sleep 1000/, 20)
  // Ctrl-A twice is Ctrl-A once: to the beginning of the line.
  terminal.type('bc\x01\x01echo a\r')
  await terminal.see(/\nabc\r*\n/, 20)
  terminal.type('exit 3\r')
  await terminal.see(/status=3\r*\n/, 20)
  await terminal.see(/finished/, 5)
  expect(settings('after')).toBe(settings('before'))
}, patience)

test('Ctrl-A X leaves while it still boots, and the terminal is as it was', async () => {
  const { terminal, settings } = session('run --verbose')
  await terminal.see(/Linux version/, 60)
  terminal.type('\x01x')
  await terminal.see(/status=0\r*\n/, 10)
  await terminal.see(/finished/, 5)
  expect(settings('after')).toBe(settings('before'))
}, patience)

test('a signal from outside leaves the terminal as it was', async () => {
  const { terminal, settings } = session('run --verbose')
  await terminal.see(/Linux version/, 60)
  const shell = readFileSync(`/proc/${terminal.child.pid}/task/${terminal.child.pid}/children`, 'utf8').trim()
  const [strata] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')
  process.kill(Number(strata), 'SIGTERM')
  await terminal.see(/status=143\r*\n/, 10)
  await terminal.see(/finished/, 5)
  expect(settings('after')).toBe(settings('before'))
}, patience)

test('the untouched installer comes up to its first screen', async () => {
  const { terminal } = session('run debian-installer')
  await terminal.see(/Select a language/, 280)
  terminal.type('\x01x')
  await terminal.see(/status=0\r*\n/, 10)
}, patience)
