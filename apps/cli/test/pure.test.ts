import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { nodeFinding, report, webAssemblyFinding } from '../src/commands/doctor.ts'
import { runReport } from '../src/commands/run-report.ts'
import { runRequest } from '../src/commands/run-options.ts'
import { StrataError } from '../src/errors.ts'
import { failureStatus, Interrupted } from '../src/exit-status.ts'
import { CommandOutput } from '../src/guest/command-result.ts'
import { commandScript, longestCommand, shellQuote } from '../src/guest/script.ts'
import { splitCommand } from '../src/program.ts'
import { formatSize, parseSize } from '../src/size.ts'
import { EscapeWatcher } from '../src/terminal/escape.ts'
import { progressLine } from '../src/terminal/progress.ts'
import { ReaderGone } from '../src/terminal/standard-output.ts'
import type { RunFlags } from '../src/commands/run-options.ts'

const flags: RunFlags = { as: 'emulate', cpu: 'rv64', memory: '512M', cpus: '1', env: [], firmware: 'none', engine: 'interpreter' }
const refused = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof StrataError) return error.code
    throw error
  }
  return 'accepted'
}

test('sizes', () => {
  expect(parseSize('512M')).toBe(2 ** 29)
  expect(parseSize('1.5g')).toBe(1.5 * 2 ** 30)
  expect(parseSize('64KiB')).toBe(65_536)
  expect(parseSize('4096')).toBe(4096)
  for (const text of ['12Q', '', 'M', '-1M', '0', '0M', '1e9', '1.3', '99999999999999999G', ' 1M', '0x10', 'Infinity']) expect(refused(() => parseSize(text)), text).toBe('ERR_OPTION')
  expect([formatSize(0), formatSize(999), formatSize(52_381_500), formatSize(2e9)]).toEqual(['0 B', '999 B', '52.4 MB', '2.0 GB'])
})

describe('scripts for the guest’s shell', () => {
  test('a POSIX shell reads every word as it was', () => {
    const words = ['', ' ', "'", "''", '"', '\\', '$HOME', '`id`', '*', 'a\nb', '!', '-n', '#', '~', 'ä€😀', "\\'", '$(echo x)', 'a;b', '\t']
    const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`
    const { stdout } = spawnSync('sh', ['-c', script])
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words)
  })

  test('environment, directory and status arrive', () => {
    const script = commandScript(['sh', '-c', 'printf "%s|%s" "$A" "$(pwd)"; exit 7'], { env: { A: "x'y\nz" }, cwd: '/tmp' })
    const { stdout, status } = spawnSync('sh', ['-c', script])
    expect(stdout.toString()).toBe("x'y\nz|/tmp")
    expect(status).toBe(7)
    expect(spawnSync('sh', ['-c', commandScript(['true'], { cwd: '/no/such/place' })]).status).toBe(126)
  })

  test('what cannot be said is refused', () => {
    for (const words of [[], [''], ['a\0b']]) expect(refused(() => commandScript(words))).toBe('ERR_OPTION')
    for (const name of ['', 'A-B', '1A', 'A B', 'A;id', 'Ä']) expect(refused(() => commandScript(['a'], { env: { [name]: 'x' } })), name).toBe('ERR_OPTION')
    expect(refused(() => commandScript(['a', 'x'.repeat(longestCommand)]))).toBe('ERR_OPTION')
    expect(refused(() => commandScript(['a', 'x'.repeat(longestCommand - 100)]))).toBe('accepted')
  })
})

describe('the way out of a terminal', () => {
  const push = (watcher: EscapeWatcher, text: string): [string, boolean] => {
    const { bytes, leave } = watcher.push(Buffer.from(text, 'latin1'))
    return [Buffer.from(bytes).toString('latin1'), leave]
  }
  test('Ctrl-A X leaves, Ctrl-A Ctrl-A is one, anything else passes', () => {
    const watcher = new EscapeWatcher()
    expect(push(watcher, 'ab\x03\xff')).toEqual(['ab\x03\xff', false])
    expect(push(watcher, '\x01\x01x')).toEqual(['\x01x', false])
    expect(push(watcher, '\x01b')).toEqual(['\x01b', false])
    expect(push(watcher, 'ls\x01xrest')).toEqual(['ls', true])
    expect(push(new EscapeWatcher(), '\x01X')).toEqual(['', true])
  })
  test('also when the keys come apart', () => {
    const watcher = new EscapeWatcher()
    expect(push(watcher, '\x01')).toEqual(['', false])
    expect(push(watcher, 'x')).toEqual(['', true])
  })
})

describe('the command line', () => {
  test('everything behind -- is the guest’s', () => {
    expect(splitCommand(['run', '-m', '1G', '--', 'ls', '--', '-l'])).toEqual({ own: ['run', '-m', '1G'], command: ['ls', '--', '-l'] })
    expect(splitCommand(['run'])).toEqual({ own: ['run'] })
    expect(splitCommand(['complete', '--', 'run'])).toEqual({ own: ['complete', '--', 'run'] })
  })

  test('becomes a request', () => {
    const request = runRequest('debian', ['ls'], { ...flags, env: ['A=b=c', 'E='], packages: '7zip, libstdc++6', timeout: '1.5', cpus: '2' })
    expect(request).toMatchObject({ command: ['ls'], env: { A: 'b=c', E: '' }, timeout: 1500, guest: { image: 'debian', cpus: 2, packages: ['7zip', 'libstdc++6'] } })
  })

  test('what makes no sense is refused', () => {
    const wrong: [string | undefined, string[] | undefined, Partial<RunFlags>][] = [
      [undefined, [], {}], [undefined, ['a'], { env: ['A'] }], [undefined, ['a'], { env: ['=b'] }], [undefined, ['a'], { timeout: '0' }],
      [undefined, ['a'], { timeout: 'soon' }], [undefined, ['a'], { timeout: '-1' }], [undefined, ['a'], { cpus: '0' }], [undefined, ['a'], { cpus: '9' }],
      [undefined, ['a'], { cpus: 'two' }], [undefined, ['a'], { packages: '' }], [undefined, ['a'], { packages: 'a b' }], [undefined, ['a'], { packages: '../x' }],
      [undefined, undefined, { json: true }], ['debian-installer', ['a'], {}], [undefined, ['a'], { initrd: 'x' }],
    ]
    for (const [image, command, more] of wrong) expect(refused(() => runRequest(image, command, { ...flags, ...more })), JSON.stringify([image, command, more])).toBe('ERR_OPTION')
  })
})

test('progress fits in its line, whatever comes', () => {
  const event = { phase: 'download', item: 'debian-installer-13-netboot-riscv64 20250803+deb13u7', done: 26e6, total: 52e6 } as const
  expect(progressLine(event, 120)).toBe('downloading debian-installer-13-netboot-riscv64 20250803+deb13u7 [============            ] 50 % of 52.0 MB')
  for (let columns = 1; columns < 130; columns++) expect(progressLine(event, columns).length).toBeLessThan(columns)
  expect(progressLine({ ...event, done: 99e6 }, 120)).toContain('100 %')
  expect(progressLine({ phase: 'wait', item: 'process 1', done: 3 }, 80)).toBe('waiting for process 1 3 s')
  expect(progressLine({ phase: 'download', item: 'x', done: 5, total: 0 }, 80)).toBe('downloading x 5 B')
})

test('failures become a line and a status', () => {
  expect(failureStatus(new StrataError('ERR_OPTION', 'a\n  b'))).toEqual({ status: 125, line: 'strata: a b [ERR_OPTION]' })
  expect(failureStatus(new StrataError('ERR_TIMEOUT', 'late'))).toEqual({ status: 124, line: 'strata: late [ERR_TIMEOUT]' })
  expect(failureStatus(new ReaderGone())).toEqual({ status: 141 })
  expect(failureStatus(new Interrupted(2))).toEqual({ status: 130 })
  expect(failureStatus('x')).toEqual({ status: 125, line: 'strata: x' })
  expect(failureStatus(new TypeError('oops')).line).toContain('pure.test')
})

test('a report has text where it is text, else base64', () => {
  const result = { status: 0, stdout: new CommandOutput(Buffer.from('ä\n')), stderr: new CommandOutput(Uint8Array.of(0xff)) }
  expect(runReport(result, { begun: 0, booting: 10, ready: 110, ended: 111.00049 }, { boot: 5, command: 6 })).toEqual({
    status: 0, stdout: 'ä\n', stderr: { base64: '/w==' }, instructions: { boot: 5, command: 6 }, milliseconds: { prepare: 10, boot: 100, command: 1, total: 111 },
  })
})

test('the doctor tells what is missing and what to do', () => {
  expect(nodeFinding('20.19.0').good).toBe(true)
  expect(nodeFinding('22.1.0').good).toBe(true)
  for (const version of ['20.18.9', '18.20.0', 'x']) expect(nodeFinding(version)).toMatchObject({ good: false, remedy: 'install Node 20.19 or later' })
  expect(webAssemblyFinding().good).toBe(true)
  expect(webAssemblyFinding(() => false).good).toBe(false)
  expect(report([nodeFinding('18.0.0')])).toBe('MISSING  Node         18.0.0\n                      → install Node 20.19 or later\n')
})
