import type { FileHandle } from 'node:fs/promises'
import { ImageFormatError } from '../errors.ts'
import { readAr, type RandomAccess } from '../format/ar.ts'
import { compressionOf, decompress } from '../format/decompress.ts'
import type { FileEntry } from '../format/file-entry.ts'
import { readTar } from '../format/tar.ts'
import type { Task } from '../task.ts'

export interface PackageFileOptions extends Task {
  /** How messages and progress name the package. */
  readonly what: string
  /** `Installed-Size` of the package, in KiB; it bounds what may come out. */
  readonly installedSize: number
  /** Whether a file is to be read; default all. */
  readonly wanted?: ((path: string) => boolean) | undefined
}

// Installed-Size leaves out tar's headers and padding: with these an archive of many small files is up to twice as large.
const overhead = 2
const slack = 16 << 20

/**
 * The files of a binary package (deb(5)): version 2.x, data compressed by xz, zstd, gzip or not at all. Maintainer scripts are not run.
 * The caller has checked the file's hash.
 * @throws ImageFormatError when it is something else, is damaged, or unpacks to much more than its index says
 */
export async function* readPackageFile(file: FileHandle, options: PackageFileOptions): AsyncGenerator<FileEntry> {
  const { what, installedSize, wanted } = options
  const { size } = await file.stat()
  const archive: RandomAccess = {
    size,
    read: async (offset, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    },
  }
  const members = await readAr(archive, what)
  const format = members[0]
  const version = format?.name !== 'debian-binary' ? ''
    : Buffer.from(await archive.read(format.offset, Math.min(format.size, 16))).toString('latin1')
  if (!version.startsWith('2.')) throw new ImageFormatError(`${what}: expected a Debian package of format 2.x, found ${JSON.stringify(version.trim())}`)
  const data = members.find((member) => /^data\.tar(\.(gz|xz|zst))?$/.test(member.name))
  if (data === undefined) {
    const found = members.map((member) => member.name).join(', ')
    throw new ImageFormatError(`${what}: expected a member data.tar, with .xz, .zst, .gz or nothing after it, found ${found}`)
  }
  const limit = installedSize * 1024 * overhead + slack
  const stream = read(file, data.offset, data.size, options)
  yield* readTar(decompress(stream, compressionOf(data.name), limit, what), what, wanted)
}

async function* read(file: FileHandle, start: number, size: number, { what, signal, onProgress }: PackageFileOptions): AsyncGenerator<Uint8Array> {
  if (size === 0) return
  let done = 0
  for await (const chunk of file.createReadStream({ start, end: start + size - 1, autoClose: false, highWaterMark: 1 << 18 })) {
    signal?.throwIfAborted()
    done += (chunk as Uint8Array).length
    onProgress?.({ phase: 'unpack', item: what, done, total: size })
    yield chunk as Uint8Array
  }
}
