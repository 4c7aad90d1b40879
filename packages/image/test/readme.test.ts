import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { compilePackage, run, toJavaScript } from './support/compiled.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

it('the README\'s example runs', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  if (example === undefined) throw new Error('the README has no example')
  const compiled = await compilePackage('readme')
  try {
    await writeFile(join(compiled, 'example.js'), toJavaScript(example).replace('\'@strata/image\'', '\'./index.js\''))
    const { code, stdout, stderr } = await run(process.execPath, [join(compiled, 'example.js')], { STRATA_CACHE: await temporaryDirectory() }).ended
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\+deb13-riscv64 \d{8} bin init sbin usr usr\/bin usr\/bin\/busybox usr\/bin\/sh usr\/sbin\n\d+\n$/)
    expect(stderr).toContain('download debian-installer-13-netboot-riscv64')
  } finally {
    await rm(compiled, { recursive: true })
  }
})
