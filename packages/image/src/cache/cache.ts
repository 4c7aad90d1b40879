import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ImageCacheError, ImageError, ImageHashError, ImageNoSpaceError, messageOf, systemCode } from '../errors.ts'
import type { Task } from '../task.ts'
import { makeFolder } from './folder.ts'
import { acquireLock } from './lock.ts'

export interface CacheOptions {
  /** Where the cache is. Default: `$STRATA_CACHE`, else `$XDG_CACHE_HOME/strata`, else `~/.cache/strata`. */
  readonly directory?: string | undefined
}

/** A blob: what it is named by, and its size in bytes. */
export interface BlobReference {
  readonly sha256: string
  readonly size: number
}

/** What a record is about; each kind is a folder. */
export type RecordKind = 'releases' | 'indexes' | 'extracts' | 'manifests'

const abandonedMilliseconds = 7 * 24 * 3600 * 1000

/**
 * Opens the cache and makes its directory where it is missing.
 * @throws ImageCacheError when that is not possible
 */
export async function openCache(options: CacheOptions = {}): Promise<Cache> {
  const directory = resolve(options.directory ?? defaultDirectory(process.env))
  const cache = new Cache(directory)
  await guarded(directory, async () => {
    for (const folder of ['blobs/sha256', 'partial', 'tmp', 'records']) await makeFolder(join(directory, folder))
  })
  return cache
}

function defaultDirectory(environment: NodeJS.ProcessEnv): string {
  const own = environment['STRATA_CACHE']
  if (own !== undefined && own !== '') return own
  const base = environment['XDG_CACHE_HOME']
  // The XDG Base Directory Specification has relative paths ignored.
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'strata')
}

/**
 * Blobs named by their SHA-256, and records that say what they are. Everything is written beside and renamed into place, so that a
 * process killed at any moment leaves what was there before. All writers take one lock; readers take none.
 */
export class Cache {
  readonly directory: string
  readonly #held = new AsyncLocalStorage<true>()

  /** Use `openCache`, which also makes the directory. */
  constructor(directory: string) {
    this.directory = directory
  }

  /** Runs `work` while no other process, and no other caller in this one, writes to the cache. Calls from within `work` go straight ahead. */
  async exclusive<T>(task: Task, work: () => Promise<T>): Promise<T> {
    if (this.#held.getStore() === true) return work()
    const release = await guarded(this.directory, () => acquireLock(join(this.directory, 'lock'), {
      signal: task.signal,
      onWait: (holder, seconds) => task.onProgress?.({ phase: 'wait', item: `process ${holder}, which is using the cache`, done: seconds }),
    }))
    try {
      await this.#clean()
      return await this.#held.run(true, work)
    } finally {
      await release()
    }
  }

  /** Whether a blob is there. It may be damaged: only reading tells. */
  async has(blob: BlobReference): Promise<boolean> {
    return stat(this.#blobPath(blob.sha256)).then((found) => found.size === blob.size, () => false)
  }

  /**
   * A blob's bytes, which are those its name says; undefined when it is not there.
   * @throws ImageHashError when the file is damaged; it is discarded, so that it can be fetched anew
   */
  async read(blob: BlobReference): Promise<Uint8Array | undefined> {
    const path = this.#blobPath(blob.sha256)
    return guarded(path, async () => {
      const data = await readFile(path).catch(absent)
      if (data === undefined) return undefined
      await this.#verify(path, blob.sha256, createHash('sha256').update(data).digest('hex'))
      return data
    })
  }

  /**
   * A blob as an open file whose content was verified through this very handle; undefined when it is not there. The caller closes it.
   * @throws ImageHashError as `read` does
   */
  async open(blob: BlobReference, signal?: AbortSignal): Promise<FileHandle | undefined> {
    const path = this.#blobPath(blob.sha256)
    const handle = await open(path).catch(absent)
    if (handle === undefined) return undefined
    try {
      const hash = createHash('sha256')
      for await (const chunk of handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })) {
        signal?.throwIfAborted()
        hash.update(chunk as Uint8Array)
      }
      await this.#verify(path, blob.sha256, hash.digest('hex'))
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #verify(path: string, expected: string, found: string): Promise<void> {
    if (found === expected) return
    await rm(path, { force: true })
    throw new ImageHashError(`${path}: damaged, its SHA-256 is ${found}; it was discarded and has to be pulled again`, { path })
  }

  /** Stores bytes. Only within `exclusive`. */
  async write(data: Uint8Array): Promise<BlobReference> {
    const sha256 = createHash('sha256').update(data).digest('hex')
    await this.#writeFile(this.#blobPath(sha256), data)
    return { sha256, size: data.length }
  }

  /** Where the beginning of a blob that is being downloaded is kept. Only within `exclusive`. */
  partialPath(sha256: string): string {
    return join(this.directory, 'partial', sha256)
  }

  /** Makes a downloaded file, whose SHA-256 the caller has checked and which is on the disk, a blob. Only within `exclusive`. */
  async adopt(partial: string, sha256: string): Promise<void> {
    const path = this.#blobPath(sha256)
    await guarded(path, async () => {
      await makeFolder(dirname(path))
      await rename(partial, path)
      await syncDirectory(dirname(path))
    })
  }

  /** Removes a blob, whether it is there or not, and returns its size. Only within `exclusive`. */
  async discard(sha256: string): Promise<number> {
    const path = this.#blobPath(sha256)
    return guarded(path, async () => {
      const found = await stat(path).catch(absent)
      await rm(path, { force: true })
      return found?.size ?? 0
    })
  }

  /** The SHA-256 names of all blobs. */
  async blobs(): Promise<string[]> {
    const folders = await readdir(join(this.directory, 'blobs/sha256')).catch(absent) ?? []
    const names = await Promise.all(folders.map((folder) => readdir(join(this.directory, 'blobs/sha256', folder)).catch(absent)))
    return names.flatMap((list) => list ?? [])
  }

  /** A record; undefined when there is none or when it is damaged, which is the same to the caller: it is made anew. */
  async readRecord(kind: RecordKind, name: string): Promise<unknown> {
    const text = await guarded(this.directory, () => readFile(this.#recordPath(kind, name), 'utf8').catch(absent))
    if (text === undefined) return undefined
    const line = text.indexOf('\n')
    const body = text.slice(line + 1)
    if (createHash('sha256').update(body).digest('hex') !== text.slice(0, line)) return undefined
    return JSON.parse(body)
  }

  /** Writes a record, replacing an earlier one at once. Only within `exclusive`. */
  async writeRecord(kind: RecordKind, name: string, value: unknown): Promise<void> {
    const body = JSON.stringify(value)
    await this.#writeFile(this.#recordPath(kind, name), Buffer.from(`${createHash('sha256').update(body).digest('hex')}\n${body}`))
  }

  async removeRecord(kind: RecordKind, name: string): Promise<void> {
    await rm(this.#recordPath(kind, name), { force: true })
  }

  /** The names of all records of a kind, sorted. */
  async records(kind: RecordKind): Promise<string[]> {
    const files = await readdir(join(this.directory, 'records', kind)).catch(absent) ?? []
    return files.map((file) => decodeURIComponent(file)).sort()
  }

  #blobPath(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ImageCacheError(`expected a SHA-256 of 64 hexadecimal digits, got ${JSON.stringify(sha256)}`)
    return join(this.directory, 'blobs/sha256', sha256.slice(0, 2), sha256)
  }

  #recordPath(kind: RecordKind, name: string): string {
    return join(this.directory, 'records', kind, encodeURIComponent(name))
  }

  async #writeFile(path: string, data: Uint8Array): Promise<void> {
    const temporary = join(this.directory, 'tmp', `${process.pid}-${process.hrtime.bigint()}`)
    await guarded(path, async () => {
      try {
        await makeFolder(dirname(path))
        const handle = await open(temporary, 'wx')
        try {
          await handle.writeFile(data)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await rename(temporary, path)
        await syncDirectory(dirname(path))
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    })
  }

  /** Clears away what killed writers left: whoever has the lock is the only writer. */
  async #clean(): Promise<void> {
    for (const name of await readdir(join(this.directory, 'tmp'))) await rm(join(this.directory, 'tmp', name), { force: true })
    for (const name of await readdir(join(this.directory, 'partial'))) {
      const path = join(this.directory, 'partial', name)
      const found = await stat(path).catch(absent)
      if (found !== undefined && Date.now() - found.mtimeMs > abandonedMilliseconds) await rm(path, { force: true })
    }
  }
}

// A rename is on the disk only once its directory is.
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function absent(error: unknown): undefined {
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  throw error
}

/**
 * Runs file operations and gives system errors this package's types.
 * @throws ImageNoSpaceError, ImageCacheError
 */
export async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = systemCode(cause)
    if (cause instanceof ImageError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw cause
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new ImageNoSpaceError(`${path}: no space left (${code}); free some, or set STRATA_CACHE to a directory on another disk`, { cause })
    }
    const advice = 'set STRATA_CACHE to a directory that can be written'
    throw new ImageCacheError(`${path}: the cache cannot be used (${messageOf(cause)}); ${advice}`, { cause })
  }
}
