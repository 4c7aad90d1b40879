import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { build, ended, executable, strata } from '../support/strata.ts'

const patience = 240_000
beforeAll(build, patience)

test('without a terminal and a command, the guest introduces itself and powers off', async () => {
  const { status, stdout, stderr } = await strata(['run'])
  expect(stdout.toString()).toMatch(/^Linux strata 6\.\d+\.\d+\+deb13-riscv64 .* riscv64 GNU\/Linux\n$/)
  expect(stderr).toBe('')
  expect(status).toBe(0)
}, patience)

test('input, output, errors, environment and status are the command’s', async () => {
  const input = randomBytes(64 * 1024)
  const { status, stdout, stderr } = await strata(['run', '-m', '256M', '-e', 'A=x y', '--', 'sh', '-c', 'cat; echo "$A" >&2; exit 7'], { input })
  expect(Buffer.compare(stdout, input)).toBe(0)
  expect(stderr).toBe('x y\n')
  expect(status).toBe(7)
}, patience)

test('--json reports; --firmware opensbi has Debian’s firmware start the kernel', async () => {
  const { status, stdout } = await strata(['run', '--firmware', 'opensbi', '--json', '--', 'sh', '-c', 'dmesg | grep "SBI implementation"; exit 4'])
  const report = JSON.parse(stdout.toString()) as { instructions: { boot: number; command: number }; milliseconds: { boot: number; total: number } }
  // 1 is OpenSBI's implementation id.
  expect(report).toMatchObject({ status: 4, stderr: '', stdout: expect.stringMatching(/SBI implementation ID=0x1 /) as string })
  expect(report.instructions.boot).toBeGreaterThan(1e8)
  expect(report.instructions.command).toBeGreaterThan(1e5)
  expect(report.milliseconds.total).toBeGreaterThan(report.milliseconds.boot)
  expect(status).toBe(4)
}, patience)

test('--timeout ends a command with a clear error', async () => {
  const { status, stderr } = await strata(['run', '--timeout', '20', '--', 'sleep', '1000'])
  expect(stderr).toBe('strata: the guest was not done within 20 s: give it more with --timeout [ERR_TIMEOUT]\n')
  expect(status).toBe(124)
}, patience)

test('a reader that goes away ends it as quietly as SIGPIPE does', async () => {
  const child = spawn(process.execPath, [executable, 'run', '--', 'yes'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.once('data', () => child.stdout.destroy())
  const { status, stderr } = await ended(child)
  expect(stderr).toBe('')
  expect(status).toBe(141)
}, patience)

test('a full disk is an error', async () => {
  const child = spawn(process.execPath, [executable, 'run', '--', 'echo', 'lost'], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] })
  const { status, stderr } = await ended(child)
  expect(stderr).toMatch(/^strata: standard output cannot be written: .*ENOSPC.* \[ERR_OUTPUT\]\n$/)
  expect(status).toBe(125)
}, patience)

test('an interrupt goes to the command; a second one ends everything', async () => {
  const child = spawn(process.execPath, [executable, 'run', '--', 'sh', '-c', 'trap "echo caught" INT; echo ready; while :; do sleep 1; done'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => {
    const before = text
    text += bytes.toString()
    if (!before.includes('ready') && text.includes('ready')) child.kill('SIGINT')
    if (!before.includes('caught') && text.includes('caught')) child.kill('SIGINT')
  })
  const { status } = await ended(child)
  expect(text).toBe('ready\ncaught\n')
  expect(status).toBe(130)
}, patience)

test('an interrupt while it boots ends it at once', async () => {
  const child = spawn(process.execPath, [executable, 'run', '--verbose', '--', 'true'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr.once('data', () => child.kill('SIGINT'))
  const { status, stdout } = await ended(child)
  expect(stdout.length).toBe(0)
  expect(status).toBe(130)
}, patience)
