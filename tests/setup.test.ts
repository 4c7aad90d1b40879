import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from './workspace.ts'

// A small workspace with the real scripts, whose pnpm and turbo only write down that they were called.
let folder = ''

function put(path: string, content: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** A shell script in the place of a tool. */
function tool(name: string, script: string): void {
  put(`node_modules/.bin/${name}`, `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'node_modules/.bin', name), 0o755)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-setup-'))
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true })
  put('package.json', JSON.stringify({ type: 'module', engines: { node: '>=20.19' }, packageManager: 'pnpm@10.34.8' }))
  for (const file of ['tsconfig.base.json', 'turbo.json']) put(file, '{}')
  put('pnpm-lock.yaml', 'version 1')
  put('packages/one/package.json', '{}')
  put('packages/one/src/index.ts', 'export {}')
  put('packages/one/src/deep/part.ts', 'export {}')
  put('apps/cli/package.json', '{}')
  put('apps/cli/src/index.ts', 'export {}')
  put('apps/cli/bin/strata.js', 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7')
  put('node_modules/pnpm/bin/pnpm.cjs', `
    const fs = require('node:fs')
    if (fs.existsSync('no-network')) { console.log('registry unreachable'); process.exit(1) }
    fs.appendFileSync('calls', 'install ' + process.argv.slice(2).join(' ') + '\\n')
    fs.mkdirSync('node_modules/.pnpm', { recursive: true })
    fs.copyFileSync('pnpm-lock.yaml', 'node_modules/.pnpm/lock.yaml')`)
  tool('turbo', `
    echo build >> calls
    if [ -e broken ]; then echo 'index.ts(1,1): error'; exit 2; fi
    mkdir -p packages/one/dist apps/cli/dist`)
})
afterEach(() => { rmSync(folder, { recursive: true }) })

/** Runs `npm start`'s script; what it printed, its code, and which tools it called. */
function start(...args: readonly string[]): { code: number | null; out: string; errors: string; calls: string[] } {
  put('calls', '')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/start.mjs', ...args], { cwd: folder, encoding: 'utf8' })
  const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n').filter(line => line !== '')
  return { code: status, out: stdout, errors: stderr, calls: calls.map(line => line.split(' ')[0] ?? '') }
}

test('the first start installs and builds, the next does neither', () => {
  expect(start().calls).toEqual(['install', 'build'])
  expect(start().calls).toEqual([])
})

test('standard output, arguments and the exit code are the command\'s alone', () => {
  expect(start('--firmware', 'opensbi', '--', 'ls', '-l')).toMatchObject({ code: 7, out: '["run","--firmware","opensbi","--","ls","-l"]\n' })
})

test.each<[string, () => void, string[]]>([
  ['a changed source', () => { put('packages/one/src/deep/part.ts', 'export const changed = 1') }, ['build']],
  ['a removed source', () => { rmSync(join(folder, 'packages/one/src/deep/part.ts')) }, ['build']],
  ['a new package', () => { put('packages/two/package.json', '{}') }, ['build']],
  ['a removed build', () => { rmSync(join(folder, 'packages/one/dist'), { recursive: true }) }, ['build']],
  ['another lockfile', () => { put('pnpm-lock.yaml', 'version 2') }, ['install', 'build']],
  ['a test', () => { put('packages/one/test/index.test.ts', '') }, []],
])('after %s it does what that needs', (_, change, calls) => {
  start()
  change()
  expect(start().calls).toEqual(calls)
  expect(start().calls).toEqual([])
})

test('an installation that fails says why, and is tried again', () => {
  put('no-network', '')
  const failed = start()
  expect(failed.code).toBe(125)
  expect(failed.out).toBe('')
  expect(failed.errors).toContain('registry unreachable')
  expect(failed.errors).toMatch(/strata: installing dependencies failed; the command was: .*install --frozen-lockfile/)
  rmSync(join(folder, 'no-network'))
  expect(start()).toMatchObject({ code: 7, calls: ['install', 'build'] })
})

test('a build that fails says why, and is tried again', () => {
  put('broken', '')
  expect(start()).toMatchObject({ code: 125, errors: expect.stringContaining('index.ts(1,1): error') as string })
  rmSync(join(folder, 'broken'))
  expect(start()).toMatchObject({ code: 7, calls: ['build'] })
})

test('a Node that is too old is told so', () => {
  put('package.json', JSON.stringify({ type: 'module', engines: { node: '>=999.1' }, packageManager: 'pnpm@10.34.8' }))
  const { code, errors, calls } = start()
  expect({ code, calls }).toEqual({ code: 125, calls: [] })
  expect(errors).toContain(`needs Node 999.1 or newer, this is ${process.versions.node}`)
})

describe('npm test', () => {
  const report = (counts: object): string => `echo "vitest $*" >> calls; echo '${JSON.stringify(counts)}' > "$STRATA_TEST_REPORT"`

  beforeEach(() => {
    for (const name of ['tsc', 'eslint']) tool(name, `echo "${name} $*" >> calls`)
    tool('vitest', report({ passed: 40, failed: 0, skipped: [] }))
  })

  /** The last line, the exit code and the calls of the tools. */
  function runTests(...args: readonly string[]): { code: number | null; last: string | undefined; out: string; calls: string[] } {
    put('calls', '')
    const { status, stdout } = spawnSync(process.execPath, ['scripts/test.mjs', ...args], { cwd: folder, encoding: 'utf8' })
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
    return { code: status, last: stdout.trimEnd().split('\n').at(-1), out: stdout, calls }
  }

  test('installs, builds, and counts the steps with the tests', () => {
    const { code, last, calls } = runTests()
    expect({ code, last }).toEqual({ code: 0, last: '43 passed, 0 failed' })
    expect(calls.map(line => line.split(' ')[0])).toEqual(['install', 'build', 'tsc', 'eslint', 'vitest'])
  })

  test('a step that fails is a failure, and the rest is tried all the same', () => {
    tool('eslint', 'exit 1')
    tool('tsc', 'exit 2')
    expect(runTests()).toMatchObject({ code: 1, last: '41 passed, 2 failed' })
  })

  test('failing tests and skips are told', () => {
    tool('vitest', report({ passed: 3, failed: 2, skipped: [{ name: 'boot', why: 'no QEMU' }] }) + '; exit 1')
    const { code, last, out } = runTests()
    expect({ code, last }).toEqual({ code: 1, last: '6 passed, 2 failed, 1 skipped' })
    expect(out).toContain('boot: no QEMU')
  })

  test('a vitest that dies is a failure', () => {
    tool('vitest', 'kill -9 $$')
    expect(runTests()).toMatchObject({ code: 1, last: '3 passed, 1 failed' })
    tool('vitest', report({ passed: 3, failed: 0, skipped: [] }) + '; exit 1')
    expect(runTests()).toMatchObject({ code: 1, last: '6 passed, 1 failed' })
  })

  test('projects can be chosen, but must exist', () => {
    const { calls } = runTests('one', 'cli')
    expect(calls).toContain('eslint --max-warnings 0 packages/one apps/cli')
    expect(calls.at(-1)).toMatch(/^vitest run .*--project one --project cli$/)
    expect(runTests('two')).toMatchObject({ code: 2 })
  })
})
