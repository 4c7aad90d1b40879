import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(import.meta.dirname, '.readme-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

describe('the README', () => {
  it('has an example that does what it says', async () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
    expect(code).toContain('@strata/emulator')
    const file = join(folder, 'example.mjs')
    writeFileSync(file, code?.replaceAll("'@strata/emulator'", JSON.stringify(join(root, 'src/index.ts'))) ?? '')
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    await import(/* @vite-ignore */ file)
    expect(log.mock.calls).toEqual([['poweroff', 'hello\n', 42n, 17]])
    log.mockRestore()
  })
})
