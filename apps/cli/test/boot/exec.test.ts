import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { start } from '../../src/index.ts'
import type { Guest } from '../../src/index.ts'

// One guest serves all of these tests, which run in order.
let guest: Guest
beforeAll(async () => {
  guest = await start({ memory: '256M' })
}, 300_000)
afterAll(async () => {
  expect(await guest.powerOff()).toEqual({ kind: 'poweroff' })
})

test('an unmodified Debian kernel answers', async () => {
  const { status, stdout, stderr } = await guest.exec(['uname', '-srm'])
  expect(stdout.text).toMatch(/^Linux 6\.\d+\.\d+\+deb13-riscv64 riscv64\n$/)
  expect([status, stderr.bytes.length]).toEqual([0, 0])
  expect(guest.instructions).toBeGreaterThan(1e8)
})

test('the status of a command, of one that is not there, of one that a signal ended', async () => {
  expect((await guest.exec(['sh', '-c', 'exit 7'])).status).toBe(7)
  const missing = await guest.exec(['no-such-command'])
  expect([missing.status, missing.stderr.text]).toEqual([127, 'sh: exec: line 1: no-such-command: not found\n'])
  expect((await guest.exec(['sh', '-c', 'kill -SEGV $$'])).status).toBe(139)
})

test('half a megabyte of any bytes goes in and comes back as it was, errors apart', async () => {
  const input = randomBytes(512 * 1024)
  const { status, stdout, stderr } = await guest.exec(['sh', '-c', 'cat; echo done >&2'], { stdin: input })
  expect(status).toBe(0)
  expect(Buffer.compare(stdout.bytes, input)).toBe(0)
  expect(stderr.text).toBe('done\n')
}, 120_000)

test('a command need not read its input; the next one finds its own', async () => {
  const first = await guest.exec(['head', '-c', '3'], { stdin: Buffer.alloc(200_000, 'abc') })
  expect(first.stdout.text).toBe('abc')
  expect((await guest.exec(['cat'], { stdin: 'other' })).stdout.text).toBe('other')
  expect((await guest.exec(['true'], { stdin: new ReadableStream() })).status).toBe(0)
  expect((await guest.exec(['cat'])).stdout.bytes.length).toBe(0)
})

test('words, environment and directory arrive as they are; outputs are no terminals', async () => {
  const odd = ["it's", '$HOME', '*', 'a\nb', '', '"\\']
  const words = await guest.exec(['sh', '-c', 'for word; do printf "%s|" "$word"; done', 'sh', ...odd])
  expect(words.stdout.text).toBe(odd.map((word) => `${word}|`).join(''))
  const around = await guest.exec(['sh', '-c', 'echo "$A"; pwd; test -t 0 || test -t 1 || test -t 2 || echo no terminal'], { env: { A: 'ä b' }, cwd: '/tmp' })
  expect(around.stdout.text).toBe('ä b\n/tmp\nno terminal\n')
})

test('what a command leaves behind ends with it', async () => {
  const { stdout } = await guest.exec(['sh', '-c', 'sleep 1234 & echo started'])
  expect(stdout.text).toBe('started\n')
  expect((await guest.exec(['sh', '-c', 'ps | grep -c "[s]leep 1234"'])).stdout.text).toBe('0\n')
})

test('commands that are started at once run one after another', async () => {
  const results = await Promise.all(['1', '2', '3'].map((word) => guest.exec(['echo', word])))
  expect(results.map(({ stdout }) => stdout.text)).toEqual(['1\n', '2\n', '3\n'])
})

test('signals reach it, and so does an abort; the guest serves on', async () => {
  const command = await guest.spawn(['sh', '-c', 'trap "echo caught; exit 3" INT; echo ready; while :; do sleep 1; done'])
  const reader = command.stdout.getReader()
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('ready\n')
  command.kill('INT')
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('caught\n')
  expect(await command.finished).toBe(3)
  await expect(guest.exec(['sh', '-c', 'trap "" INT TERM HUP; sleep 1000'], { signal: AbortSignal.timeout(1000) })).rejects.toMatchObject({ name: 'TimeoutError' })
  await expect(guest.exec(['yes'], { maxOutput: 100_000 })).rejects.toMatchObject({ code: 'ERR_OUTPUT_LIMIT' })
  expect((await guest.exec(['echo', 'still here'])).stdout.text).toBe('still here\n')
})

test('time passes as it does here', async () => {
  const { stdout } = await guest.exec(['date', '+%s'])
  expect(Math.abs(Number(stdout.text) - Date.now() / 1000)).toBeLessThan(5)
  const begun = Date.now()
  await guest.exec(['sleep', '1'])
  expect(Date.now() - begun).toBeGreaterThanOrEqual(1000)
})
