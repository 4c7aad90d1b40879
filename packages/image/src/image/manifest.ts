import { createHash } from 'node:crypto'
import type { BlobReference, Cache } from '../cache/cache.ts'
import { unrepaired, type DebianArchive } from '../debian/archive.ts'
import type { DebianPackage, PackageIndex } from '../debian/package-index.ts'
import { ImageHashError, ImageNetworkError } from '../errors.ts'
import type { Task } from '../task.ts'

/** A package that an image was made from. */
export interface Source {
  readonly package: string
  readonly version: string
  /** SHA-256 of the .deb. */
  readonly sha256: string
}

/** What an assembled image consists of. Plain data; recorded in the cache. */
export interface Manifest {
  /** What the user calls it, such as `debian`. */
  readonly name: string
  readonly suite: string
  readonly architecture: string
  /** The parts by their role, such as `kernel`. */
  readonly blobs: Readonly<Record<string, BlobReference>>
  /** Facts about the parts, such as `kernelVersion`. */
  readonly facts: Readonly<Record<string, string>>
  readonly sources: readonly Source[]
  /** When it was assembled: milliseconds since 1970. */
  readonly assembled: number
}

/** An image whose parts are in memory, every byte checked. */
export interface Assembled {
  readonly manifest: Manifest
  readonly parts: Readonly<Record<string, Uint8Array>>
}

/** What assembling yields. */
export interface Recipe {
  readonly blobs: Readonly<Record<string, BlobReference>>
  readonly facts?: Readonly<Record<string, string>>
  readonly sources: readonly Source[]
}

/** The version of what manifests hold; another one's are not seen. */
const format = '1'

/**
 * The image `name` from the cache, without the network; else assembled by `build` and recorded. Damaged parts are assembled anew.
 * @param refresh assembles from the mirror's present packages in any case
 */
export async function assemble(
  archive: DebianArchive, name: string, refresh: boolean, build: (index: PackageIndex) => Promise<Recipe>,
): Promise<Assembled> {
  const { cache, task } = archive
  // A list of packages may be longer than a file's name can be.
  const record = `${format}-${createHash('sha256').update(`${archive.id}\n${name}`).digest('hex')}`
  let damage: ImageHashError | undefined
  const recorded = async (): Promise<Assembled | undefined> => {
    task.signal?.throwIfAborted()
    const manifest = await cache.readRecord('manifests', record) as Manifest | undefined
    if (manifest === undefined) return undefined
    try {
      return await read(cache, manifest)
    } catch (error) {
      if (!(error instanceof ImageHashError)) throw error
      damage = error
      task.onProgress?.({ phase: 'corrupt', item: error.message, done: 0 })
      return undefined
    }
  }
  const ready = refresh ? undefined : await recorded()
  if (ready !== undefined) return ready
  return cache.exclusive(task, async () => {
    // Another process may have assembled it while this one waited.
    const meanwhile = refresh ? undefined : await recorded()
    if (meanwhile !== undefined) return meanwhile
    const make = async (): Promise<Assembled> => {
      const recipe = await withPresentIndex(archive, refresh, build)
      const manifest: Manifest = {
        name, suite: archive.suite, architecture: archive.architecture, facts: {}, ...recipe, assembled: Date.now(),
      }
      await cache.writeRecord('manifests', record, manifest)
      const assembled = await read(cache, manifest)
      if (assembled === undefined) throw new ImageHashError(`a part of image ${name} vanished from the cache while it was being assembled`)
      return assembled
    }
    for (;;) {
      try {
        return await make()
      } catch (error) {
        // A damaged file that assembling came upon is discarded: once more, each at most once.
        const discarded = error instanceof ImageHashError ? error.path : undefined
        if (discarded === undefined || discarded === damage?.path) throw damage === undefined ? error : unrepaired(damage, error)
        damage = error as ImageHashError
        task.onProgress?.({ phase: 'corrupt', item: damage.message, done: 0 })
      }
    }
  })
}

/** A mirror forgets packages that newer ones replace: then the index in the cache is too old. */
async function withPresentIndex<T>(archive: DebianArchive, refresh: boolean, build: (index: PackageIndex) => Promise<T>): Promise<T> {
  try {
    return await build(await archive.index(refresh))
  } catch (error) {
    if (refresh || !(error instanceof ImageNetworkError) || error.status !== 404) throw error
    return await build(await archive.index(true))
  }
}

async function read(cache: Cache, manifest: Manifest): Promise<Assembled | undefined> {
  const parts: Record<string, Uint8Array> = {}
  for (const [role, blob] of Object.entries(manifest.blobs)) {
    const data = await cache.read(blob)
    if (data === undefined) return undefined
    parts[role] = data
  }
  return { manifest, parts }
}

/** How a package is noted as a source. */
export function sourceOf(found: DebianPackage): Source {
  return { package: found.name, version: found.version, sha256: found.sha256 }
}

/** An image in the cache. */
export interface ImageSummary extends Omit<Manifest, 'blobs'> {
  /** Bytes of its parts in the cache, those it shares with other images included. */
  readonly size: number
}

/** The images in the cache, sorted by name. Parts are not checked here. */
export async function listImages(cache: Cache): Promise<ImageSummary[]> {
  const summaries = (await manifests(cache)).map(({ manifest: { blobs, ...manifest } }) => ({
    ...manifest, size: Object.values(blobs).reduce((sum, blob) => sum + blob.size, 0),
  }))
  return summaries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/**
 * Removes an image, of every suite and architecture, and all that no other image needs.
 * @returns the bytes that became free; undefined when there is no such image
 */
export async function removeImage(cache: Cache, name: string, task: Task = {}): Promise<number | undefined> {
  return cache.exclusive(task, async () => {
    const all = await manifests(cache)
    const removed = all.filter(({ manifest }) => manifest.name === name)
    if (removed.length === 0) return undefined
    for (const { record } of removed) await cache.removeRecord('manifests', record)
    return collectGarbage(cache)
  })
}

async function manifests(cache: Cache): Promise<{ record: string, manifest: Manifest }[]> {
  const found: { record: string, manifest: Manifest }[] = []
  for (const record of await cache.records('manifests')) {
    if (!record.startsWith(`${format}-`)) continue
    const manifest = await cache.readRecord('manifests', record) as Manifest | undefined
    if (manifest !== undefined) found.push({ record, manifest })
  }
  return found
}

async function collectGarbage(cache: Cache): Promise<number> {
  const needed = new Set<string>()
  for (const { manifest } of await manifests(cache)) {
    for (const blob of Object.values(manifest.blobs)) needed.add(blob.sha256)
    for (const source of manifest.sources) needed.add(source.sha256)
  }
  for (const name of await cache.records('extracts')) {
    const extracted = await cache.readRecord('extracts', name) as Record<string, BlobReference> | undefined ?? {}
    if (!needed.has(name)) await cache.removeRecord('extracts', name)
    else for (const blob of Object.values(extracted)) needed.add(blob.sha256)
  }
  for (const name of await cache.records('indexes')) {
    const index = await cache.readRecord('indexes', name) as BlobReference | undefined
    if (index !== undefined) needed.add(index.sha256)
  }
  let freed = 0
  for (const sha256 of await cache.blobs()) if (!needed.has(sha256)) freed += await cache.discard(sha256)
  return freed
}
