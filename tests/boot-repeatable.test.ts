import { expect, test } from 'vitest'
import { debianBoard, host, loadDebian } from './debian/board.ts'
import { debianFiles } from './debian/files.ts'
import type { RunOptions } from '@strata/machine'
import type { DebianFiles } from './debian/board.ts'

const patience = 600_000

const boot = async (files: DebianFiles, how: Omit<RunOptions, 'host'>, engine: 'interpreter' | 'translator' = 'interpreter') => {
  const made = debianBoard({ engine })
  loadDebian(made, files)
  const reason = await made.board.machine.run({ host, ...how })
  return { reason, retired: made.board.machine.retired, output: made.console.text }
}

test('under virtual time, Debian boots twice alike: the same instructions, the same bytes', { timeout: patience }, async () => {
  const files = await debianFiles()
  const first = await boot(files, {})
  // How the host divides the run up makes no difference.
  const second = await boot(files, { sliceInstructions: 77_777, yieldMilliseconds: 1 })
  expect(first.reason).toEqual({ kind: 'poweroff', code: 0 })
  expect(first.output).toContain('userland of Linux riscv64')
  expect(first.output).toContain('the end')
  expect(first.output).toMatch(/child 1.*child 2.*child 3/s)
  expect(second).toEqual(first)
  // Nor does it make one what is interpreted and what is translated.
  expect(await boot(files, {}, 'translator')).toEqual(first)
})
