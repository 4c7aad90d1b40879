import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { root } from './workspace.ts'

const folder = mkdtempSync(join(import.meta.dirname, '.readme-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

test('the kernel that the emulator\'s README runs says hello', { timeout: 600_000 }, async () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'packages/emulator/README.md'), 'utf8')) ?? []
  expect(code).toContain('pullImage')
  const file = join(folder, 'example.mjs')
  writeFileSync(file, code ?? '')
  const printed: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((bytes) => {
    printed.push(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString())
    return true
  })
  await import(/* @vite-ignore */ file)
  write.mockRestore()
  expect(printed.join('')).toMatch(/hello from Linux 6\.\S+ riscv64/)
})
