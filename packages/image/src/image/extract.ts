import type { BlobReference } from '../cache/cache.ts'
import type { DebianArchive } from '../debian/archive.ts'
import { readPackageFile } from '../debian/package-file.ts'
import type { DebianPackage } from '../debian/package-index.ts'
import { ImageFormatError } from '../errors.ts'

/**
 * Stores single files of a large package as blobs and lets go of the package itself. They are found again by the package's hash, so that
 * several images share one download.
 * @param wanted what each file is to be called → its path in the package
 * @throws ImageFormatError when the package lacks one
 */
export async function extractFiles(
  archive: DebianArchive, from: DebianPackage, wanted: Readonly<Record<string, string>>,
): Promise<Record<string, BlobReference>> {
  const { cache, task } = archive
  return cache.exclusive(task, async () => {
    const stored = await cache.readRecord('extracts', from.sha256) as Record<string, BlobReference> | undefined
    if (stored !== undefined && await allThere(archive, Object.keys(wanted).map((name) => stored[name]))) return stored
    const names = new Map(Object.entries(wanted).map(([name, path]) => [path, name]))
    const blobs: Record<string, BlobReference> = {}
    const handle = await archive.open(from)
    try {
      const what = `${from.name} ${from.version}`
      const files = readPackageFile(handle, { ...task, what, installedSize: from.installedSize, wanted: (path) => names.has(path) })
      for await (const entry of files) {
        const name = names.get(entry.path)
        if (entry.type === 'file' && name !== undefined) blobs[name] = await cache.write(entry.data)
      }
      for (const [name, path] of Object.entries(wanted)) {
        if (blobs[name] === undefined) throw new ImageFormatError(`${what}: expected a file ${path}, it has none`)
      }
    } finally {
      await handle.close()
    }
    await cache.writeRecord('extracts', from.sha256, blobs)
    await cache.discard(from.sha256)
    return blobs
  })
}

async function allThere(archive: DebianArchive, blobs: readonly (BlobReference | undefined)[]): Promise<boolean> {
  for (const blob of blobs) if (blob === undefined || !await archive.cache.has(blob)) return false
  return true
}
