import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { encodeState } from '@strata/machine'
import { afterAll, expect, test } from 'vitest'
import { debianBoard, host, loadDebian } from './debian/board.ts'
import { digest } from './debian/digest.ts'
import { debianFiles } from './debian/files.ts'
import type { StopReason } from '@strata/machine'
import type { DebianBoard } from './debian/board.ts'

const patience = 900_000
const folder = mkdtempSync(join(tmpdir(), 'strata-snapshot-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

interface Ending {
  readonly reason: StopReason
  readonly retired: number
  /** What the console printed since the start or the restoration. */
  readonly output: string
  readonly digest: string
}

interface Snapshot {
  readonly file: string
  readonly retired: number
  /** How much the console had printed. */
  readonly printed: number
}

const ending = (made: DebianBoard, reason: StopReason): Ending => ({
  reason, retired: made.board.machine.retired, output: made.console.text, digest: digest(made.board),
})

const write = (name: string, made: DebianBoard): Snapshot => {
  const file = join(folder, name)
  writeFileSync(file, encodeState(made.board.save()))
  return { file, retired: made.board.machine.retired, printed: made.console.text.length }
}

const resumeElsewhere = async ({ file }: Snapshot, cpus: number): Promise<Ending> => {
  const hooks = pathToFileURL(join(import.meta.dirname, 'debian/typescript-hooks.mjs')).href
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions', 'strata-source', '--import', hooks, join(import.meta.dirname, 'debian/resume.ts'), file, String(cpus)],
    { maxBuffer: 2 ** 26 },
  )
  return JSON.parse(stdout) as Ending
}

/** Runs until `reached`, which is asked after every device access. */
const runUntil = async (made: DebianBoard, reached: () => boolean): Promise<StopReason> => {
  const stop = new AbortController()
  return made.board.machine.run({
    host: {
      ...host,
      yield: () => {
        if (reached()) stop.abort()
        return Promise.resolve()
      },
    },
    signal: stop.signal,
    sliceInstructions: 100,
    yieldMilliseconds: 0,
  })
}

test('saved in mid-boot and restored in another process, Debian goes on and ends as if nothing had been', { timeout: patience }, async () => {
  const files = await debianFiles()
  const undisturbed = debianBoard()
  loadDebian(undisturbed, files)
  const uninterrupted = ending(undisturbed, await undisturbed.board.machine.run({ host }))
  expect(uninterrupted.reason).toEqual({ kind: 'poweroff', code: 0 })

  const made = debianBoard()
  loadDebian(made, files)
  const snapshots: Snapshot[] = []
  for (const at of [1_000_003, 400_000_000, 900_000_001]) {
    expect(await made.board.machine.run({ host, maxInstructions: at - made.board.machine.retired })).toEqual({ kind: 'limit' })
    expect(made.board.machine.retired).toBe(at)
    snapshots.push(write(String(at), made))
  }
  // A device has answered, and the instruction that asked has not taken the answer yet.
  const answered = (): boolean => made.board.harts[0]!.save()['deviceAnswer'] === 1
  expect(await runUntil(made, answered)).toEqual({ kind: 'abort' })
  expect(answered()).toBe(true)
  snapshots.push(write('answered', made))

  expect(ending(made, await made.board.machine.run({ host }))).toEqual(uninterrupted)
  for (const snapshot of snapshots) {
    expect(await resumeElsewhere(snapshot, 1), `saved after ${snapshot.retired} instructions`)
      .toEqual({ ...uninterrupted, output: uninterrupted.output.slice(snapshot.printed) })
  }
})

test('two CPUs, too, are restored where they were', { timeout: patience }, async () => {
  const made = debianBoard({ cpus: 2 })
  loadDebian(made, await debianFiles())
  await made.board.machine.run({ host, maxInstructions: 800_000_000 })
  const snapshot = write('two', made)
  const end = ending(made, await made.board.machine.run({ host }))
  expect(end.reason).toEqual({ kind: 'poweroff', code: 0 })
  expect(await resumeElsewhere(snapshot, 2)).toEqual({ ...end, output: end.output.slice(snapshot.printed) })
})
