import { beforeAll, describe, expect, it } from 'vitest'
import { bootDebian } from './debian/boot-in-page.ts'
import { debianFiles } from './debian/files.ts'
import { chromiumPath, withPage } from './debian/page.ts'
import type { DebianFiles } from './debian/board.ts'
import type { Boot } from './debian/boot-in-page.ts'

const patience = 600_000

describe('in a page', () => {
  let files: DebianFiles
  let inNode: Boot
  beforeAll(async () => {
    files = await debianFiles()
    inNode = await bootDebian((name) => Promise.resolve(files[name]))
    expect(inNode).toMatchObject({ reason: { kind: 'poweroff', code: 0 }, shared: true })
    expect(inNode.output).toContain('userland of Linux riscv64')
  }, patience)

  it.for([true, false])('Debian boots as in Node, to the instruction and the byte (cross-origin isolated: %s)', { timeout: patience }, async (isolated, context) => {
    const path = chromiumPath() ?? context.skip('no Chromium: install it, or name it in CHROMIUM')
    const inPage = await withPage(path, isolated, { '/kernel': files.kernel, '/initramfs': files.initramfs }, (page) =>
      page.evaluate('import("/tests/debian/boot-in-page.ts").then(({ bootDownloaded }) => bootDownloaded())'))
    expect(inPage).toEqual({ ...inNode, shared: isolated })
  })
})
