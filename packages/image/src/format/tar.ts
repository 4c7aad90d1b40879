import { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import { ImageError, ImageFormatError, messageOf } from '../errors.ts'
import { collect, type ByteStream } from './byte-stream.ts'
import { normalizePath, type FileEntry } from './file-entry.ts'

/**
 * The entries of a tar archive (ustar, GNU and pax names). Only files that `wanted` accepts are kept in memory; other files are passed over.
 * @throws ImageFormatError when it is damaged, ends early, or a name leads out of it
 */
export async function* readTar(
  stream: ByteStream, what: string, wanted: (path: string) => boolean = () => true,
): AsyncGenerator<FileEntry> {
  const archive = extract()
  const source = Readable.from(stream)
  let sourceError: Error | undefined
  source.once('error', (error: Error) => {
    sourceError = error
    archive.destroy(error)
  })
  source.pipe(archive)
  try {
    for await (const entry of archive) {
      const { header } = entry
      const path = normalizePath(header.name, what)
      const base = { path, mode: header.mode & 0o7777, uid: header.uid, gid: header.gid }
      const keep = path !== '' && wanted(path)
      if (keep && (header.type === 'file' || header.type === 'contiguous-file')) {
        const data = await collect(entry as unknown as ByteStream)
        if (data.length !== header.size) throw new ImageFormatError(`${what}: ${path} has ${data.length} of its ${String(header.size)} bytes`)
        yield { type: 'file', ...base, data }
        continue
      }
      entry.resume()
      if (!keep) continue
      const other = otherEntry(header, base, what)
      if (other !== undefined) yield other
    }
  } catch (cause) {
    if (cause instanceof ImageError) throw cause
    if (sourceError !== undefined) throw sourceError
    throw new ImageFormatError(`${what}: expected a whole tar archive, but it is damaged or ends early (${messageOf(cause)})`, { cause })
  } finally {
    source.destroy()
    archive.destroy()
  }
}

interface TarHeader {
  readonly type?: string | null | undefined
  readonly linkname?: string | null | undefined
  readonly devmajor?: number | undefined
  readonly devminor?: number | undefined
}

function otherEntry(
  header: TarHeader, base: { path: string, mode: number, uid: number, gid: number }, what: string,
): FileEntry | undefined {
  const device = { major: header.devmajor ?? 0, minor: header.devminor ?? 0 }
  const target = header.linkname ?? ''
  switch (header.type) {
    case 'directory': return { type: 'directory', ...base }
    case 'symlink':
      if (target === '' || target.includes('\0')) throw new ImageFormatError(`${what}: ${base.path} is a symbolic link to nothing`)
      return { type: 'symlink', ...base, target }
    case 'link': return { type: 'hardlink', ...base, target: normalizePath(target, what) }
    case 'character-device': return { type: 'character', ...base, ...device }
    case 'block-device': return { type: 'block', ...base, ...device }
    case 'fifo': return { type: 'fifo', ...base }
    default: throw new ImageFormatError(`${what}: ${base.path} has the unsupported type ${String(header.type)}`)
  }
}
