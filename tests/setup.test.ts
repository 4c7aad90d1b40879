import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './workspace.ts'

// A small workspace with the real scripts, whose pnpm and turbo only write down that they were called.
let folder = ''

function put(path: string, content: string): void {
  mkdirSync(join(folder, dirname(path)), { recursive: true })
  writeFileSync(join(folder, path), content)
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
  put('node_modules/.bin/turbo', `#!/bin/sh
    echo build >> calls
    if [ -e broken ]; then echo 'index.ts(1,1): error'; exit 2; fi
    mkdir -p packages/one/dist apps/cli/dist`)
  chmodSync(join(folder, 'node_modules/.bin/turbo'), 0o755)
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
