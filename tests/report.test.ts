import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root } from './workspace.ts'

// Inside of node_modules, so that the samples find vitest.
const cache = join(root, 'node_modules/.cache')
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'report-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

/** What the reporter counts when vitest runs these files, and vitest's exit code. */
async function report(files: Readonly<Record<string, string>>): Promise<{ code: number; counted: unknown }> {
  const samples = mkdtempSync(join(folder, 'samples-'))
  for (const [name, body] of Object.entries(files)) writeFileSync(join(samples, name), `import { afterAll, describe, test } from 'vitest'\n${body}`)
  writeFileSync(join(samples, 'vitest.config.mjs'), 'export default { test: { include: ["*.test.mjs"], exclude: [] } }\n')
  const path = join(samples, 'report.json')
  const code = await new Promise<number>(resolve => {
    const env = { ...process.env, STRATA_TEST_REPORT: path }
    const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', samples, '--reporter', join(root, 'scripts/test-report.mjs')]
    const child = execFile(process.execPath, vitest, { cwd: samples, env }, () => { resolve(child.exitCode ?? -1) })
  })
  return { code, counted: JSON.parse(readFileSync(path, 'utf8')) }
}

test('counts passes, failures and skips with their reasons', async () => {
  const { code, counted } = await report({
    'a.test.mjs': `
      test('good', () => {})
      describe('deeper', () => { test('also good', () => {}); test('bad', () => { throw new Error('no') }) })
      test('cannot', context => { context.skip('no such tool') })
      test.runIf(false)('silent', () => {})`,
  })
  expect(counted).toEqual({
    passed: 2,
    failed: 1,
    skipped: [{ name: 'a.test.mjs: cannot', why: 'no such tool' }, { name: 'a.test.mjs: silent', why: 'no reason given' }],
  })
  expect(code).toBe(1)
})

test('a file that does not load, a failing hook and a stray error are failures too', async () => {
  const { counted } = await report({
    'load.test.mjs': 'import "./missing.mjs"\ntest("never", () => {})',
    'hook.test.mjs': 'describe("hooked", () => { test("good", () => {}); afterAll(() => { throw new Error("late") }) })',
    'before.test.mjs': 'import { beforeAll } from "vitest"\nbeforeAll(() => { throw new Error("early") })\ntest("kept back", () => {})',
    'stray.test.mjs': 'test("good", async () => { void Promise.reject(new Error("stray")); await new Promise(r => setTimeout(r, 50)) })',
  })
  expect(counted).toMatchObject({ passed: 2, failed: 4 })
})

test('all is well', async () => {
  expect(await report({ 'a.test.mjs': 'test("good", () => {})' })).toEqual({ code: 0, counted: { passed: 1, failed: 0, skipped: [] } })
})
