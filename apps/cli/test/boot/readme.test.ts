import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test, vi } from 'vitest'

test('the example in the README prints what it says', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, example = '', printed = ''] = /```ts\n(.*?)```.*?```\n(.*?)```/s.exec(readme) ?? []
  const file = new URL(`./readme-example-${String(process.pid)}.mjs`, import.meta.url)
  writeFileSync(file, ts.transpileModule(example, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } }).outputText)
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    lines.push(values.map(String).join(' '))
  })
  try {
    await import(file.href)
  } finally {
    log.mockRestore()
    rmSync(file)
  }
  expect(lines.join('\n')).toBe(printed.trimEnd())
}, 240_000)
