// npm test [-- PROJECT…]: types, lint, tests. Everything is tried even if something before it failed; the last line is
// always "N passed, N failed", where the types and the lint count as one each.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ensureInstalled, packageFolders, requireNode, run } from './workspace.mjs'

requireNode()
await ensureInstalled()

const projects = new Map(packageFolders()
  .map(folder => [basename(folder), folder]))
const chosen = process.argv.slice(2)
const unknown = chosen.filter(name => !projects.has(name))
if (unknown.length > 0) {
  console.error(`npm test: no project ${unknown.join(', ')}; there are: ${[...projects.keys()].join(', ')}`)
  process.exit(2)
}

const total = { passed: 0, failed: 0 }

/**
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 */
async function step(name, command, args) {
  console.log(`\n── ${name}`)
  const started = Date.now()
  const passed = await run(command, args) === 0
  total[passed ? 'passed' : 'failed']++
  console.log(`   ${name}: ${passed ? 'passed' : 'FAILED'}, ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

await step('build', 'turbo', ['run', 'build', '--output-logs=errors-only', '--ui=stream'])
await step('types', 'tsc', ['-b'])
await step('lint', 'eslint', ['--max-warnings', '0', ...(chosen.length === 0 ? ['.'] : chosen.map(name => projects.get(name) ?? name))])

console.log('\n── tests')
const folder = mkdtempSync(join(tmpdir(), 'strata-test-'))
const report = join(folder, 'report.json')
const code = await run('vitest', [
  'run', '--reporter=default', '--reporter=./scripts/test-report.mjs', ...chosen.flatMap(name => ['--project', name]),
], { STRATA_TEST_REPORT: report })

/** @typedef {import('./test-report.mjs').Report} Report */
const tests = existsSync(report)
  ? /** @type {Report} */ (JSON.parse(readFileSync(report, 'utf8')))
  : { passed: 0, failed: 1, skipped: [] }
if (!existsSync(report)) console.log('vitest ended without a report')
rmSync(folder, { recursive: true })
total.passed += tests.passed
total.failed += tests.failed
if (code !== 0 && tests.failed === 0) {
  console.log(`vitest ended with code ${String(code)} although no test failed`)
  total.failed++
}

if (tests.skipped.length > 0) console.log('skipped:')
for (const { name, why } of tests.skipped) console.log(`  ${name}: ${why}`)
console.log(`${String(total.passed)} passed, ${String(total.failed)} failed`
  + (tests.skipped.length > 0 ? `, ${String(tests.skipped.length)} skipped` : ''))
process.exitCode = total.failed > 0 ? 1 : 0
