// A vitest reporter that writes how many tests passed and failed, and which were skipped and why, for scripts/test.mjs.
import { writeFileSync } from 'node:fs'

/**
 * @typedef {{ passed: number, failed: number, skipped: { name: string, why: string }[] }} Report
 * @typedef {import('vitest/node').TestModule} TestModule
 */

export default class TestReport {
  /**
   * @param {readonly TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const path = process.env['STRATA_TEST_REPORT']
    if (path !== undefined) writeFileSync(path, JSON.stringify(summary(modules, unhandledErrors.length)))
  }
}

/**
 * A file that cannot be loaded, a failing hook and an error outside of any test count as one failure each.
 * @param {readonly TestModule[]} modules
 * @param {number} unhandledErrors
 * @returns {Report}
 */
export function summary(modules, unhandledErrors) {
  /** @type {Report} */
  const report = { passed: 0, failed: unhandledErrors, skipped: [] }
  for (const module of modules) {
    report.failed += module.errors().length
    for (const suite of module.children.allSuites()) report.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') report.passed++
      else if (result.state === 'skipped') {
        report.skipped.push({ name: `${module.relativeModuleId}: ${test.fullName}`, why: result.note ?? 'no reason given' })
      } else report.failed++
    }
  }
  return report
}
