import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, symlink, link, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readAr } from '../src/format/ar.ts'
import { collect, type ByteStream } from '../src/format/byte-stream.ts'
import { parseDeb822 } from '../src/format/deb822.ts'
import { decompress, type Compression } from '../src/format/decompress.ts'
import { readTar } from '../src/format/tar.ts'
import { readPackageFile } from '../src/debian/package-file.ts'
import { initramfs, kernelVersion, readCpio, writeCpio, type FileEntry } from '../src/index.ts'
import { tool } from './support/compiled.ts'
import { arOf, debOf, tarOf } from './support/debian-package.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const format = { code: 'ERR_IMAGE_FORMAT' }

async function* inPieces(data: Uint8Array, size = 1000): ByteStream & AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < data.length; offset += size) yield data.subarray(offset, offset + size)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('cpio', () => {
  const entries: FileEntry[] = [
    { type: 'file', path: 'a-b', data: bytes('between the directory and what it holds') },
    { type: 'directory', path: 'a', mode: 0o1777, uid: 3, gid: 4 },
    { type: 'file', path: 'a/file', mode: 0o4755, uid: 1000, gid: 100, data: randomBytes(4097) },
    { type: 'hardlink', path: 'a/other', target: 'a/file' },
    { type: 'hardlink', path: 'a/third', target: 'a/file' },
    { type: 'symlink', path: 'a/link', target: '../somewhere/else' },
    { type: 'file', path: 'a/empty', data: new Uint8Array(0) },
    { type: 'character', path: 'console', mode: 0o600, major: 5, minor: 1 },
    { type: 'block', path: 'loop', mode: 0o660, major: 7, minor: 255 },
    { type: 'fifo', path: 'pipe' },
    { type: 'file', path: 'Übergröße €', data: bytes('x') },
  ]

  it('reads back what it wrote', () => {
    const read = readCpio(writeCpio(entries))
    expect(read.map((entry) => entry.path)).toEqual(entries.map((entry) => entry.path))
    expect(read[1]).toEqual({ type: 'directory', path: 'a', mode: 0o1777, uid: 3, gid: 4 })
    expect(read[2]).toEqual({ ...entries[2], data: new Uint8Array((entries[2] as { data: Uint8Array }).data) })
    expect(read[4]).toMatchObject({ type: 'hardlink', target: 'a/file' })
    expect(read[5]).toMatchObject({ type: 'symlink', target: '../somewhere/else' })
    expect(read[7]).toEqual({ type: 'character', path: 'console', mode: 0o600, uid: 0, gid: 0, major: 5, minor: 1 })
    expect(read[8]).toMatchObject({ type: 'block', major: 7, minor: 255 })
  })

  it('is taken by GNU cpio, which finds the same files', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'archive'), initramfs(entries.filter((entry) => entry.type !== 'character' && entry.type !== 'block')))
    await tool('sh', ['-c', `mkdir "${directory}/out" && cd "${directory}/out" && cpio -idm --quiet --no-preserve-owner < ../archive`])
    const list = await tool('sh', ['-c', `cd "${directory}/out" && find . -mindepth 1 -printf '%P %y %m %n %l\\n' | sort`])
    expect(list.trim().split('\n').map((line) => line.trim())).toEqual([
      'a d 1777 2', 'a-b f 644 1', 'a/empty f 644 1', 'a/file f 4755 3', 'a/link l 777 1 ../somewhere/else', 'a/other f 4755 3', 'a/third f 4755 3',
      'pipe p 644 1', 'Übergröße € f 644 1',
    ].sort())
    expect(await readFile(join(directory, 'out/a/third'))).toEqual((entries[2] as { data: Uint8Array }).data)
  })

  it('reads what GNU cpio wrote, with and without checksums', async () => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'in/sub'), { recursive: true })
    await writeFile(join(directory, 'in/sub/file'), 'content')
    await link(join(directory, 'in/sub/file'), join(directory, 'in/second'))
    await symlink('sub/file', join(directory, 'in/link'))
    await chmod(join(directory, 'in/sub/file'), 0o751)
    for (const variant of ['newc', 'crc']) {
      const archive = execFileSync('sh', ['-c', `cd "${directory}/in" && find . | sort | cpio -o --quiet -H ${variant}`])
      const read = readCpio(archive)
      expect(read.map(({ path, type }) => [path, type])).toEqual([['', 'directory'], ['link', 'symlink'], ['sub', 'directory'], ['second', 'file'], ['sub/file', 'hardlink']])
      expect(read[3]).toMatchObject({ mode: 0o751, data: bytes('content') })
    }
    const archive = execFileSync('sh', ['-c', `cd "${directory}/in" && find sub | sort | cpio -o --quiet -H crc`])
    archive[archive.indexOf('content')] = 0x43
    expect(() => readCpio(archive)).toThrow(expect.objectContaining(format))
  })

  it('is the same bytes for the same entries, whatever their order, and has no times', () => {
    const once = initramfs(entries)
    expect(Buffer.from(initramfs([...entries].sort((a) => (a.type === 'hardlink' ? 1 : -1)))).equals(once)).toBe(true)
    expect(once.length % 4).toBe(0)
  })

  it('may be several archives one after the other, with zeros between', () => {
    const one = writeCpio([{ type: 'file', path: 'one', data: bytes('1') }])
    const two = writeCpio([{ type: 'file', path: 'two', data: bytes('2') }])
    expect(readCpio(Buffer.concat([one, new Uint8Array(512), two])).map((entry) => entry.path)).toEqual(['one', 'two'])
  })

  it('is refused when it is truncated anywhere, not cpio, or leads out of the tree', () => {
    const archive = writeCpio([{ type: 'file', path: 'file', data: bytes('content') }])
    for (let length = 0; length < archive.length; length++) {
      // The last padding is the only part that may be missing.
      if (length >= archive.length - 3) continue
      expect(() => readCpio(archive.subarray(0, length)), `${length} bytes`).toThrow(expect.objectContaining(format))
    }
    expect(() => readCpio(bytes('070701' + 'z'.repeat(200)))).toThrow(expect.objectContaining(format))
    expect(() => readCpio(Buffer.from(Buffer.from(archive).toString('latin1').replace('file', '/etc'), 'latin1'))).toThrow(expect.objectContaining(format))
    expect(() => readCpio(Buffer.from(Buffer.from(archive).toString('latin1').replace('file', '../x'), 'latin1'))).toThrow(expect.objectContaining(format))
  })

  it('refuses a hard link to nothing', () => {
    expect(() => writeCpio([{ type: 'hardlink', path: 'a', target: 'b' }])).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_OPTION' }))
  })
})

describe('decompression', () => {
  const data = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `${index}\n`).join(''))
  const compressors: [Compression, (input: Buffer) => Buffer][] = [
    ['gzip', (input) => gzipSync(input)],
    ['xz', (input) => execFileSync('xz', ['-c', '-T1'], { input })],
    ['zstd', (input) => execFileSync('zstd', ['-q', '-c'], { input })],
    ['none', (input) => input],
  ]
  const unpack = (packed: Uint8Array, compression: Compression, limit = 1e9): Promise<Uint8Array> =>
    collect(decompress(inPieces(packed), compression, limit, 'test'))

  it.each(compressors)('unpacks %s', async (compression, compress) => {
    expect(Buffer.from(await unpack(compress(data), compression)).equals(data)).toBe(true)
  })

  it.each(compressors)('stops %s at its limit', async (compression, compress) => {
    await expect(unpack(compress(data), compression, data.length - 1)).rejects.toMatchObject(format)
    expect((await unpack(compress(data), compression, data.length)).length).toBe(data.length)
  })

  it.each(compressors.slice(0, 3))('refuses %s that is truncated, empty or something else', async (compression, compress) => {
    const packed = compress(data)
    for (const length of [0, 1, 7, packed.length >> 1, packed.length - 1]) {
      await expect(unpack(packed.subarray(0, length), compression), `${length} bytes`).rejects.toMatchObject(format)
    }
    await expect(unpack(Buffer.from('nothing of the kind, but long enough to be one'), compression)).rejects.toMatchObject(format)
  })

  it('refuses damaged xz and gzip, and can go on afterwards', async () => {
    for (const [compression, compress] of compressors.slice(0, 2)) {
      const packed = compress(data)
      packed[packed.length >> 1]! ^= 0x10
      await expect(unpack(packed, compression)).rejects.toMatchObject(format)
      expect((await unpack(compress(data), compression)).length).toBe(data.length)
    }
  })

  it('passes errors of the source on as they are', async () => {
    for (const [compression, compress] of compressors) {
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield compress(data).subarray(0, 100)
        throw new TypeError('the disk is gone')
      }
      await expect(collect(decompress(failing(), compression, 1e9, 'test')), compression).rejects.toThrow(TypeError)
    }
  })

  it('can be abandoned in the middle, and go on with the next', async () => {
    for (const [compression, compress] of compressors) {
      for (let round = 0; round < 3; round++) {
        for await (const chunk of decompress(inPieces(compress(data)), compression, 1e9, 'test')) {
          expect(chunk.length, compression).toBeGreaterThan(0)
          break
        }
      }
      expect((await unpack(compress(data), compression)).length).toBe(data.length)
    }
  })

  it('several xz streams can be read at once', async () => {
    const packed = execFileSync('xz', ['-c'], { input: data })
    const results = await Promise.all([unpack(packed, 'xz'), unpack(packed, 'xz'), unpack(packed, 'xz')])
    expect(results.map((result) => result.length)).toEqual([data.length, data.length, data.length])
  })
})

describe('tar', () => {
  it('reads files, links, devices and long names as GNU tar writes them', async () => {
    const directory = await temporaryDirectory()
    const long = `${'deep/'.repeat(30)}file`
    await mkdir(join(directory, 'in', long, '..'), { recursive: true })
    await writeFile(join(directory, 'in', long), 'deep')
    await writeFile(join(directory, 'in/plain'), 'plain')
    await link(join(directory, 'in/plain'), join(directory, 'in/second'))
    await symlink('/etc/passwd', join(directory, 'in/link'))
    for (const variant of ['gnu', 'pax']) {
      const archive = execFileSync('tar', ['-C', join(directory, 'in'), '--sort=name', `--format=${variant}`, '-cf', '-', '.'])
      const entries = await all(readTar(inPieces(archive), 'test'))
      expect(entries.find((entry) => entry.path === long)).toMatchObject({ type: 'file', data: bytes('deep') })
      expect(entries.find((entry) => entry.path === 'link')).toMatchObject({ type: 'symlink', target: '/etc/passwd' })
      expect(entries.find((entry) => entry.path === 'second')).toMatchObject({ type: 'hardlink', target: 'plain' })
    }
  })

  it('is refused when it is truncated, damaged, or leads out of the tree', async () => {
    const archive = await tarOf([{ name: 'file', data: 'x'.repeat(2000) }])
    await expect(all(readTar(inPieces(archive.subarray(0, 1500)), 'test'))).rejects.toMatchObject(format)
    const damaged = Buffer.from(archive)
    damaged[3]! ^= 1
    await expect(all(readTar(inPieces(damaged), 'test'))).rejects.toMatchObject(format)
    for (const name of ['../up', '/etc/passwd', 'a/../../b', 'a/..']) {
      await expect(all(readTar(inPieces(await tarOf([{ name, data: 'x' }])), 'test')), name).rejects.toMatchObject(format)
    }
    await expect(all(readTar(inPieces(await tarOf([{ name: 'a', type: 'link', linkname: '../../b' }])), 'test'))).rejects.toMatchObject(format)
  })
})

describe('a .deb', () => {
  const filesOf = async (deb: Uint8Array, installedSize = 100): Promise<FileEntry[]> => {
    const path = join(await temporaryDirectory(), 'test.deb')
    await writeFile(path, deb)
    const handle = await open(path)
    try {
      return await all(readPackageFile(handle, { what: 'test.deb', installedSize }))
    } finally {
      await handle.close()
    }
  }

  it.each(['xz', 'gzip', 'zstd', 'none'])('of dpkg-deb with %s is unpacked', async (compression) => {
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'p/DEBIAN'), { recursive: true, mode: 0o755 })
    await mkdir(join(directory, 'p/usr/bin'), { recursive: true })
    await writeFile(join(directory, 'p/DEBIAN/control'), 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: t\n')
    await writeFile(join(directory, 'p/usr/bin/tool'), 'tool', { mode: 0o755 })
    await tool('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', join(directory, 'p'), join(directory, 'p.deb')])
    const files = await filesOf(await readFile(join(directory, 'p.deb')))
    expect(files.map((file) => file.path)).toEqual(['usr', 'usr/bin', 'usr/bin/tool'])
    expect(files[2]).toMatchObject({ mode: 0o755, uid: 0, gid: 0, data: bytes('tool') })
  })

  it('is refused when it is truncated anywhere, or something else', async () => {
    const deb = await debOf([{ name: './a', data: 'a' }])
    expect(await filesOf(deb)).toHaveLength(1)
    for (let length = 0; length < deb.length - 1; length += 7) await expect(filesOf(deb.subarray(0, length)), `${length} bytes`).rejects.toMatchObject(format)
    await expect(filesOf(arOf([['debian-binary', bytes('3.0\n')], ['data.tar', await tarOf([])]]))).rejects.toMatchObject(format)
    await expect(filesOf(arOf([['debian-binary', bytes('2.0\n')], ['data.tar.lzma', bytes('x')]]))).rejects.toMatchObject(format)
    await expect(readAr({ size: 3, read: async () => bytes('!<a') }, 'x')).rejects.toMatchObject(format)
  })
})

describe('control paragraphs', () => {
  it('keep continuation lines, without comments', () => {
    expect([...parseDeb822('A: 1\n 2\n# no\n 3\nB:\n\n\nC: x: y\n')].map((paragraph) => Object.fromEntries(paragraph)))
      .toEqual([{ a: '1\n2\n3', b: '' }, { c: 'x: y' }])
  })
})

describe('a kernel\'s version', () => {
  const raw = Buffer.concat([randomBytes(5000), Buffer.from('Linux version %s (%s)\0Linux version 6.12.1+deb13-riscv64 (gcc) #1\0')])

  it('is found in raw and compressed images and in a bzImage', () => {
    expect(kernelVersion(raw)).toBe('6.12.1+deb13-riscv64')
    expect(kernelVersion(gzipSync(raw))).toBe('6.12.1+deb13-riscv64')
    const bzImage = Buffer.alloc(0x1000)
    bzImage.write('HdrS', 0x202)
    bzImage.writeUInt16LE(0x300, 0x20e)
    bzImage.write('6.1.0-9-amd64 (debian@example.org)', 0x500)
    expect(kernelVersion(bzImage)).toBe('6.1.0-9-amd64')
  })

  it('is unknown in what is no kernel', () => {
    expect(kernelVersion(new Uint8Array(0))).toBeUndefined()
    expect(kernelVersion(gzipSync(raw).subarray(0, 100))).toBeUndefined()
  })
})
