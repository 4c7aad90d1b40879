import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DebianArchive, listImages, openCache, pullImage, pullOpenSbi, readCpio, removeImage, rootfs, type Cache, type ImageProgress } from '../src/index.ts'
import { FakeArchive, fakeInitrd, fakeKernel, flipped, imagePackages, sha256 } from './support/fake-archive.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

let mirror: FakeArchive
let events: ImageProgress[]
const netboot = /netboot-riscv64_/

beforeAll(async () => { mirror = await FakeArchive.start(imagePackages) })
afterAll(() => mirror.stop())
beforeEach(async () => {
  mirror.behave()
  await mirror.publish(imagePackages)
  mirror.requests.length = 0
  events = []
})

const archiveOn = (cache: Cache, options: { mirror?: string, trustedKeys?: string, signal?: AbortSignal, suite?: string } = {}): DebianArchive =>
  new DebianArchive({ cache, mirror: mirror.url, trustedKeys: mirror.publicKey, onProgress: (event) => events.push(event), ...options })
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const newCache = async (): Promise<Cache> => openCache({ directory: await temporaryDirectory() })
const blobPath = (cache: Cache, data: Uint8Array): string => join(cache.directory, 'blobs/sha256', sha256(data).slice(0, 2), sha256(data))
const leftovers = async (cache: Cache): Promise<string[]> => [
  ...await readdir(join(cache.directory, 'tmp')), ...await readdir(join(cache.directory, 'partial')),
]

describe('pulling an image', () => {
  it('yields the kernel of the installer\'s package and an initramfs of busybox and the caller\'s entries', async () => {
    const cache = await newCache()
    const init = { type: 'file', path: 'init', mode: 0o755, data: Buffer.from('#!/bin/sh\n') } as const
    const image = await pullImage('debian', archiveOn(cache), { entries: [init] })
    expect(Buffer.from(image.kernel).equals(fakeKernel)).toBe(true)
    expect(image.kernelVersion).toBe('6.99.1-test')
    const files = readCpio(image.initrd)
    expect(files.map((file) => file.path)).toEqual(['bin', 'init', 'sbin', 'usr', 'usr/bin', 'usr/bin/busybox', 'usr/bin/sh', 'usr/sbin'])
    expect(files.find((file) => file.path === 'usr/bin/busybox')).toMatchObject({ mode: 0o755, data: bytes('not really busybox') })
    expect(image.sources.map((source) => `${source.package} ${source.version}`)).toEqual([
      'debian-installer-13-netboot-riscv64 20250803+deb13u7', 'busybox-static 1:1.37.0-6+b9',
    ])
    expect(await leftovers(cache)).toEqual([])
  })

  it('yields the installer untouched, from what the default image downloaded already', async () => {
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache))
    mirror.requests.length = 0
    const image = await pullImage('debian-installer', archiveOn(cache))
    expect(Buffer.from(image.initrd).equals(fakeInitrd)).toBe(true)
    expect(Buffer.from(image.kernel).equals(fakeKernel)).toBe(true)
    expect(mirror.requests).toEqual([])
  })

  it('yields firmware', async () => {
    const firmware = await pullOpenSbi(archiveOn(await newCache()))
    expect([Buffer.from(firmware.dynamic).toString(), Buffer.from(firmware.jump).toString()]).toEqual(['dynamic', 'jump'])
  })

  it('does not ask the network for what it has', async () => {
    const cache = await newCache()
    const first = await pullImage('debian', archiveOn(cache))
    mirror.requests.length = 0
    const second = await pullImage('debian', archiveOn(cache, { mirror: 'http://127.0.0.1:1/debian' }))
    expect(Buffer.from(second.initrd).equals(first.initrd)).toBe(true)
    expect(mirror.requests).toEqual([])
  })

  it('may be asked for several times at once', async () => {
    const archive = archiveOn(await newCache())
    const images = await Promise.all([pullImage('debian', archive), pullImage('debian', archive), pullImage('debian-installer', archive), pullOpenSbi(archive)])
    expect(images).toHaveLength(4)
    expect(mirror.requests.filter((path) => path.startsWith('pool/'))).toHaveLength(3)
  })

  it('takes newer packages when it is told to refresh', async () => {
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache))
    const kernel = Buffer.from('Linux version 7.0.0-newer (gcc)\n')
    const { name, files } = imagePackages[0] ?? { name: '' }
    await mirror.publish([
      { name, version: '20260101', files: (files ?? []).map((file) => (file.name.endsWith('linux') ? { ...file, data: kernel } : file)) },
      ...imagePackages.slice(1),
    ])
    expect((await pullImage('debian', archiveOn(cache))).kernelVersion).toBe('6.99.1-test')
    expect((await pullImage('debian', archiveOn(cache), { refresh: true })).kernelVersion).toBe('7.0.0-newer')
    expect((await pullImage('debian', archiveOn(cache))).kernelVersion).toBe('7.0.0-newer')
  })

  it('asks for a new index when the mirror has forgotten what the cached one names', async () => {
    const cache = await newCache()
    await pullOpenSbi(archiveOn(cache))
    await mirror.publish(imagePackages.map((found) => ({ ...found, version: '99' })))
    expect((await pullImage('debian', archiveOn(cache))).sources.map((source) => source.version)).toEqual(['99', '99'])
  })

  it('refuses names it does not know, and architectures the archive does not have', async () => {
    const cache = await newCache()
    await expect(pullImage('minix', archiveOn(cache))).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN' })
    const other = new DebianArchive({ cache, mirror: mirror.url, trustedKeys: mirror.publicKey, architecture: 'vax' })
    await expect(pullImage('debian', other)).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN', message: expect.stringContaining('it has riscv64') as string })
  })

  it('lists and removes images, and keeps what others need', async () => {
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache))
    await pullImage('debian-installer', archiveOn(cache))
    expect((await listImages(cache)).map(({ name, architecture }) => [name, architecture])).toEqual([['debian', 'riscv64'], ['debian-installer', 'riscv64']])
    expect(await removeImage(cache, 'debian')).toBeGreaterThan(0)
    await pullImage('debian-installer', archiveOn(cache, { mirror: 'http://127.0.0.1:1' }))
    expect(await removeImage(cache, 'debian-installer')).toBeGreaterThan(fakeKernel.length)
    await expect(readFile(blobPath(cache, fakeKernel))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await removeImage(cache, 'debian')).toBeUndefined()
    expect(await listImages(cache)).toEqual([])
  })
})

describe('a mirror that is damaged or hostile', () => {
  it('is refused when a byte of a package is flipped', async () => {
    const cache = await newCache()
    mirror.replace('_20250803+deb13u7_riscv64.deb', flipped(mirror.file('_20250803+deb13u7_riscv64.deb')))
    await expect(pullImage('debian', archiveOn(cache))).rejects.toMatchObject({ code: 'ERR_IMAGE_HASH', message: expect.stringContaining('netboot') as string })
    expect(await leftovers(cache)).toEqual([])
    expect(await listImages(cache)).toEqual([])
  })

  it('is refused when a byte of the package index is flipped', async () => {
    mirror.misbehave(/by-hash/, (_request, response, body) => { response.end(flipped(body)); return true })
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_HASH' })
  })

  it('is refused when it sends more than the index says, before all of it has come', async () => {
    let sent = 0
    mirror.misbehave(netboot, (_request, response, body) => {
      response.writeHead(200)
      const timer = setInterval(() => {
        sent += body.length
        response.write(body)
      }, 5)
      response.on('close', () => clearInterval(timer))
      return true
    })
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_HASH', message: expect.stringContaining('more') as string })
    expect(sent).toBeLessThan(100 * fakeKernel.length)
  })

  it.each([
    ['signed by a key that is not trusted', async () => { await using other = await FakeArchive.start([]); return other.file('InRelease') }],
    ['with a changed byte under the signature', () => Buffer.from(mirror.file('InRelease').toString().replace('stable', 'stab1e'))],
    ['not signed', () => Buffer.from('Suite: stable\nCodename: trixie\n')],
    ['cut off in the signature', () => mirror.file('InRelease').subarray(0, -60)],
    ['empty', () => Buffer.alloc(0)],
    ['a web page of a hotel', () => Buffer.from('<html>Welcome! Please log in</html>')],
  ])('is refused when InRelease is %s', async (_what, content: () => Buffer | Promise<Buffer>) => {
    mirror.replace('InRelease', await content())
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_SIGNATURE' })
  })

  it('does not see what stands outside of the signed text', async () => {
    const forged = `\nSHA256:\n ${'0'.repeat(64)} 5 main/binary-riscv64/Packages.xz\n`
    mirror.replace('InRelease', Buffer.concat([mirror.file('InRelease'), Buffer.from(forged)]))
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache)).catch((error: unknown) => { expect(error).toMatchObject({ code: 'ERR_IMAGE_SIGNATURE' }) })
    expect(mirror.requests.filter((path) => path.includes('0000'))).toEqual([])
  })

  it('is refused when it passes off another suite, or one that has expired', async () => {
    await mirror.publish(imagePackages, { Suite: 'oldstable', Codename: 'bookworm' })
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_SIGNATURE', message: expect.stringContaining('bookworm') as string })
    await mirror.publish(imagePackages, { 'Valid-Until': 'Sat, 01 Jan 2022 00:00:00 UTC' })
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_SIGNATURE', message: expect.stringContaining('2022') as string })
  })

  it('cannot take a cache back to an older index', async () => {
    const cache = await newCache()
    await archiveOn(cache).index()
    await mirror.publish([...imagePackages, { name: 'vulnerable' }], { Date: new Date(Date.now() - 86_400_000).toUTCString() })
    expect((await archiveOn(cache).index(true)).find('vulnerable')).toEqual([])
    expect((await archiveOn(await newCache()).index(true)).find('vulnerable')).toHaveLength(1)
  })

  it('cannot place a file outside of the tree with a name such as ../x', async () => {
    await mirror.publish(imagePackages.map((found) => (found.name === 'busybox-static' ? { ...found, files: [{ name: '../../bin/busybox', data: 'x' }] } : found)))
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_FORMAT' })
  })

  it('cannot set off a decompression bomb', async () => {
    const bomb = [{ name: './usr/bin/bomb', data: Buffer.alloc(40 << 20) }]
    await mirror.publish(imagePackages.map((found) => (found.name === 'busybox-static' ? { ...found, files: bomb } : found)))
    expect(mirror.file('busybox-static_1:1.37.0-6+b9_riscv64.deb').length).toBeLessThan(100_000)
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_FORMAT', message: expect.stringContaining('more than') as string })
  })
})

describe('a connection that is bad', () => {
  it('is taken up again where it broke off, within one pull', async () => {
    let broken = 0
    mirror.misbehave(netboot, (request, response, body) => {
      if (broken++ >= 3) return false
      const start = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length - start, 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` })
      response.write(body.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 30))
      return true
    })
    const image = await pullImage('debian', archiveOn(await newCache()))
    expect(Buffer.from(image.kernel).equals(fakeKernel)).toBe(true)
    expect(mirror.requests.filter((path) => path.includes('netboot-riscv64_') && path.includes('bytes=')).length).toBe(3)
  })

  it('is taken up again where it broke off, by the next pull', async () => {
    const cache = await newCache()
    mirror.misbehave(netboot, (request, response, body) => {
      if (request.headers.range !== undefined) response.writeHead(503).end()
      else response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 300_000), () => setTimeout(() => response.destroy(), 30))
      return true
    })
    await expect(pullImage('debian', archiveOn(cache))).rejects.toMatchObject({ code: 'ERR_IMAGE_NETWORK', status: 503, message: expect.stringContaining('STRATA_MIRROR') as string })
    mirror.behave()
    mirror.requests.length = 0
    await pullImage('debian', archiveOn(cache))
    expect(mirror.requests.find((path) => path.includes('netboot-riscv64_'))).toMatch(/bytes=300000-$/)
    expect(await leftovers(cache)).toEqual([])
  })

  it('starts over when what an earlier pull left is damaged', async () => {
    const cache = await newCache()
    const deb = mirror.file('_20250803+deb13u7_riscv64.deb')
    await writeFile(join(cache.directory, 'partial', sha256(deb)), flipped(deb, 5).subarray(0, 200_000))
    await pullImage('debian', archiveOn(cache))
    expect(mirror.requests.filter((path) => path.includes('netboot-riscv64_')).map((path) => path.split(' ')[1])).toEqual(['bytes=200000-', undefined])
  })

  it('works with a server that does not know ranges', async () => {
    const cache = await newCache()
    const deb = mirror.file('_20250803+deb13u7_riscv64.deb')
    await writeFile(join(cache.directory, 'partial', sha256(deb)), deb.subarray(0, 200_000))
    mirror.misbehave(netboot, (_request, response, body) => { response.end(body); return true })
    await pullImage('debian', archiveOn(cache))
  })

  it('follows redirections, and refuses endless ones', async () => {
    await using elsewhere = await FakeArchive.start(imagePackages)
    elsewhere.replace('_20250803+deb13u7_riscv64.deb', mirror.file('_20250803+deb13u7_riscv64.deb'))
    mirror.misbehave(netboot, (request, response) => { response.writeHead(302, { location: elsewhere.url.replace('/debian', request.url ?? '') }).end(); return true })
    await pullImage('debian', archiveOn(await newCache()))
    mirror.misbehave(/InRelease/, (request, response) => { response.writeHead(301, { location: request.url ?? '' }).end(); return true })
    await expect(pullImage('debian', archiveOn(await newCache()))).rejects.toMatchObject({ code: 'ERR_IMAGE_NETWORK' })
  })

  it('falls back to the index\'s plain name when the mirror has none by hash', async () => {
    mirror.remove(/by-hash/)
    await pullImage('debian', archiveOn(await newCache()))
    expect(mirror.requests).toContain('dists/trixie/main/binary-riscv64/Packages.gz')
  })

  it('that is absent altogether gives an error that says how to set the mirror', async () => {
    const archive = archiveOn(await newCache(), { mirror: 'http://user:secret@127.0.0.1:1/debian' })
    const failure = expect(pullImage('debian', archive)).rejects
    await failure.toMatchObject({ code: 'ERR_IMAGE_NETWORK', message: expect.stringContaining('set STRATA_MIRROR') as string })
    await failure.not.toMatchObject({ message: expect.stringContaining('secret') as string })
  })

  it('is not needed to assemble from a cached index what was fetched before', async () => {
    const cache = await newCache()
    await mirror.publish([{ name: 'one', files: [{ name: './one', data: '1' }] }, { name: 'two', fields: { Depends: 'one' } }])
    await rootfs(archiveOn(cache), ['two'])
    await mirror.publish([])
    const { files } = await rootfs(archiveOn(cache), ['one'])
    expect(files.map((file) => file.path)).toContain('one')
  })

  it('can be given up', async () => {
    const controller = new AbortController()
    mirror.misbehave(netboot, (_request, response, body) => {
      response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 1000))
      setTimeout(() => controller.abort(new Error('enough')), 50)
      return true
    })
    const cache = await newCache()
    await expect(pullImage('debian', archiveOn(cache, { signal: controller.signal }))).rejects.toThrow('enough')
    mirror.behave()
    await pullImage('debian', archiveOn(cache))
  })
})

describe('a cache with a flipped byte', () => {
  it('is noticed, named, and made good from the network', async () => {
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache))
    await writeFile(blobPath(cache, fakeKernel), flipped(fakeKernel))
    const image = await pullImage('debian', archiveOn(cache))
    expect(Buffer.from(image.kernel).equals(fakeKernel)).toBe(true)
    expect(events.filter((event) => event.phase === 'corrupt').map((event) => event.item)).toEqual([expect.stringContaining(blobPath(cache, fakeKernel))])
    expect((await readFile(blobPath(cache, fakeKernel))).equals(fakeKernel)).toBe(true)
  })

  it('is made good when nothing says any more what the damaged file was for', async () => {
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache))
    for (const name of await cache.records('manifests')) await cache.removeRecord('manifests', name)
    await writeFile(blobPath(cache, fakeKernel), flipped(fakeKernel))
    await writeFile(blobPath(cache, fakeInitrd), flipped(fakeInitrd))
    expect(Buffer.from((await pullImage('debian-installer', archiveOn(cache))).initrd).equals(fakeInitrd)).toBe(true)
  })

  it('is refused and named when there is no network', async () => {
    const cache = await newCache()
    await pullImage('debian', archiveOn(cache))
    await writeFile(blobPath(cache, fakeKernel), flipped(fakeKernel))
    await expect(pullImage('debian', archiveOn(cache, { mirror: 'http://127.0.0.1:1' }))).rejects.toMatchObject({
      code: 'ERR_IMAGE_HASH', message: expect.stringContaining(blobPath(cache, fakeKernel)) as string,
    })
  })

  it('is made good when it is a record, an index or a package', async () => {
    const cache = await newCache()
    await mirror.publish([{ name: 'one', files: [{ name: './one', data: '1' }] }, { name: 'two', fields: { Depends: 'one' } }])
    await rootfs(archiveOn(cache), ['one'])
    for (const path of await readdir(cache.directory, { recursive: true, withFileTypes: true })) {
      const file = join(path.parentPath, path.name)
      if (path.isFile()) await writeFile(file, flipped(await readFile(file)))
    }
    expect((await rootfs(archiveOn(cache), ['two'])).files.find((file) => file.path === 'one')).toMatchObject({ data: bytes('1') })
    expect((await rootfs(archiveOn(cache), ['one'])).sources).toHaveLength(1)
  })
})

