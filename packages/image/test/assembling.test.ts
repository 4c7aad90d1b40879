import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { elfSection } from '../src/format/elf-section.ts'
import { DebianArchive, FileTree, kernelModules, openCache, pullImage, readCpio, rootfs } from '../src/index.ts'
import { elfOf } from './support/elf.ts'
import { FakeArchive, imagePackages, type FakePackage } from './support/fake-archive.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const release = '6.99.1-test'
const modules = `./usr/lib/modules/${release}/kernel`
const moduleOf = (depends: string): Buffer => elfOf({ '.text': 'code', '.modinfo': `license=GPL\0depends=${depends}\0name=x\0` })
const xz = (input: Buffer): Buffer => execFileSync('xz', ['--check=crc32', '-c'], { input })

const packages: readonly FakePackage[] = [
  ...imagePackages,
  { name: 'linux-image-riscv64', fields: { Depends: `linux-image-${release} (= 1.0-1)` } },
  {
    name: `linux-image-${release}`,
    files: [
      { name: `./boot/vmlinux-${release}`, data: `Linux version ${release} (gcc)\n` },
      { name: `${modules}/net/virtio_net.ko.xz`, data: xz(moduleOf('net_failover')) },
      { name: `${modules}/net/net_failover.ko.xz`, data: xz(moduleOf('failover')) },
      { name: `${modules}/net/failover.ko`, data: moduleOf('') },
      { name: `${modules}/block/virtio-blk.ko.xz`, data: xz(moduleOf('virtio,failover')) },
      { name: `${modules}/broken.ko`, data: 'no ELF file' },
      { name: `./usr/lib/modules/${release}/modules.builtin`, data: 'kernel/drivers/virtio/virtio.ko\n' },
    ],
  },
  { name: 'a-program', files: [{ name: './usr/bin/program', mode: 0o755, data: 'p' }, { name: './lib', type: 'directory' }, { name: './lib/helper', data: 'h' }], fields: { Depends: 'base-files, libx' } },
  { name: 'base-files', fields: { Essential: 'yes' }, files: ['bin', 'lib', 'sbin'].map((name) => ({ name: `./${name}`, type: 'symlink' as const, linkname: `usr/${name}` })) },
  { name: 'libx', files: [{ name: './lib/x.so.1', data: 'x' }, { name: './usr/lib/x.so', type: 'symlink', linkname: 'x.so.1' }, { name: './usr/lib/hard', type: 'link', linkname: './lib/x.so.1' }] },
]

let mirror: FakeArchive
let archive: DebianArchive
beforeAll(async () => { mirror = await FakeArchive.start(packages) })
afterAll(() => mirror.stop())
const fresh = async (): Promise<DebianArchive> => {
  archive = new DebianArchive({ cache: await openCache({ directory: await temporaryDirectory() }), mirror: mirror.url, trustedKeys: mirror.publicKey })
  return archive
}

describe('a root filesystem', () => {
  it('has what the packages depend on, in the merged directories, whatever comes first', async () => {
    const { files, sources } = await rootfs(await fresh(), ['a-program'])
    expect(sources.map((source) => source.package)).toEqual(['a-program', 'base-files', 'libx'])
    expect(files.map(({ path, type }) => `${path} ${type}`)).toEqual([
      'bin symlink', 'lib symlink', 'sbin symlink', 'usr directory', 'usr/bin directory', 'usr/bin/program file', 'usr/lib directory',
      'usr/lib/hard file', 'usr/lib/helper file', 'usr/lib/x.so symlink', 'usr/lib/x.so.1 hardlink', 'usr/sbin directory',
    ])
    expect(new FileTree(files).get('lib/helper')).toMatchObject({ path: 'usr/lib/helper' })
  })

  it('has the essential packages when they are asked for', async () => {
    const { sources } = await rootfs(await fresh(), ['libx'], { essential: true })
    expect(sources.map((source) => source.package)).toEqual(['base-files', 'libx'])
    await expect(rootfs(archive, [])).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN' })
  })

  it('becomes part of the default image, and the caller\'s entries come last', async () => {
    const image = await pullImage('debian', await fresh(), { packages: ['a-program'], entries: [{ type: 'file', path: 'bin/sh', data: new TextEncoder().encode('own') }] })
    const tree = new FileTree(readCpio(image.initrd))
    expect(tree.get('usr/bin/program')).toBeDefined()
    expect(tree.get('lib/x.so')).toBeDefined()
    expect(tree.get('usr/bin/busybox')).toBeDefined()
    expect(tree.get('bin/sh')).toMatchObject({ type: 'file', data: new TextEncoder().encode('own') })
    expect(image.sources.map((source) => source.package)).toContain('libx')
  })
})

describe('the kernel of linux-image', () => {
  it('is found through the package that depends on it', async () => {
    const image = await pullImage('debian', await fresh(), { kernel: 'linux-image' })
    expect([image.kernelVersion, Buffer.from(image.kernel).toString()]).toEqual([release, `Linux version ${release} (gcc)\n`])
    expect((await pullImage('debian', archive)).kernel.length).toBeGreaterThan(100_000)
  })
})

describe('kernel modules', () => {
  it('come with those they depend on, decompressed, in an order that loads', async () => {
    const { files, loadOrder, sources } = await kernelModules(await fresh(), release, ['virtio_net', 'virtio-blk'])
    expect(loadOrder.map((path) => path.replace(/.*\//, ''))).toEqual(['failover.ko', 'virtio-blk.ko', 'net_failover.ko', 'virtio_net.ko'])
    const tree = new FileTree(files)
    for (const path of loadOrder) expect(tree.get(path)).toMatchObject({ type: 'file' })
    const blk = tree.get(`usr/lib/modules/${release}/kernel/block/virtio-blk.ko`)
    expect(blk?.type === 'file' && Buffer.from(blk.data).equals(moduleOf('virtio,failover'))).toBe(true)
    expect(sources).toHaveLength(1)
    mirror.requests.length = 0
    expect((await kernelModules(archive, release, ['virtio_blk', 'virtio_net'])).loadOrder).toEqual(loadOrder)
    expect(mirror.requests).toEqual([])
  })

  it('that are built in need no file; those that do not exist or are damaged are refused', async () => {
    expect((await kernelModules(await fresh(), release, ['virtio'])).files).toEqual([])
    await expect(kernelModules(archive, release, ['floppy'])).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN', message: expect.stringContaining('floppy') as string })
    await expect(kernelModules(archive, release, ['broken'])).rejects.toMatchObject({ code: 'ERR_IMAGE_FORMAT' })
    await expect(kernelModules(archive, '1.2.3', ['virtio'])).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN' })
  })

  it('have sections that are inside of the file', () => {
    const module = moduleOf('a')
    expect(Buffer.from(elfSection(module, '.text', 'x') ?? []).toString()).toBe('code')
    expect(elfSection(module, '.data', 'x')).toBeUndefined()
    for (let length = 0; length < module.length; length += 3) {
      expect(() => elfSection(module.subarray(0, length), '.modinfo', 'x'), `${length} bytes`).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_FORMAT' }))
    }
  })
})

it('a cache whose directory cannot be made is a typed error', async () => {
  const file = join(await temporaryDirectory(), 'file')
  await writeFile(file, '')
  await expect(openCache({ directory: join(file, 'cache') })).rejects.toMatchObject({ code: 'ERR_IMAGE_CACHE', message: expect.stringContaining('STRATA_CACHE') as string })
})
