import { expect, test } from 'vitest'
import { riscvPage } from './support-page.ts'

test('docs/riscv.md says what the tables say: `npm run docs` writes it', async () => {
  await expect(riscvPage()).toMatchFileSnapshot('../docs/riscv.md')
})
