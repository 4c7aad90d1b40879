import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCache } from '../src/index.ts'

describe('where the cache is', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-folder-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is made, with all the folders above it, once or again', async () => {
    const directory = join(folder, 'a/b/c')
    await openCache({ directory })
    await openCache({ directory })
    expect((await stat(join(directory, 'blobs/sha256'))).isDirectory()).toBe(true)
  })

  it('is refused where a file stands in the way', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(openCache({ directory: join(file, 'cache') })).rejects.toMatchObject({ code: 'ERR_IMAGE_CACHE' })
  })

  it('is refused, and does not hang, where the system makes no folders', async () => {
    await expect(openCache({ directory: '/proc/strata/cache' })).rejects.toMatchObject({ code: 'ERR_IMAGE_CACHE' })
  })
})
