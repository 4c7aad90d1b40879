import { createHash, type Hash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { guarded, type BlobReference, type Cache } from '../cache/cache.ts'
import { ImageError, ImageHashError, ImageNoSpaceError, messageOf } from '../errors.ts'
import type { Task } from '../task.ts'
import type { HttpClient } from './http.ts'
import { shown } from './shown-url.ts'

export interface Download {
  readonly url: string
  /** What the signed index says the file is. */
  readonly blob: BlobReference
  /** How progress names it. */
  readonly item: string
}

// Interruptions in a row, each without a byte more, after which a download is given up.
const maximumStalls = 3
const progressMilliseconds = 100

/**
 * Downloads a file into the cache, going on where an earlier attempt ended. It becomes a blob only once all of it has the SHA-256 that was
 * asked for. Only within `cache.exclusive`.
 * @throws ImageHashError when the mirror's file is another one
 * @throws ImageNetworkError when the mirror cannot be reached; what came is kept for the next time
 * @throws ImageNoSpaceError when the disk is full; nothing is left behind
 */
export async function download(http: HttpClient, cache: Cache, wanted: Download, task: Task): Promise<void> {
  const path = cache.partialPath(wanted.blob.sha256)
  try {
    const resumed = await attempt(http, path, wanted, task)
    if (resumed === 'mismatch') {
      // The beginning from the earlier attempt may be what is wrong.
      await rm(path, { force: true })
      await attempt(http, path, wanted, task)
    }
  } catch (error) {
    if (error instanceof ImageHashError || error instanceof ImageNoSpaceError) await rm(path, { force: true })
    throw error
  }
  await cache.adopt(path, wanted.blob.sha256)
}

async function attempt(http: HttpClient, path: string, wanted: Download, task: Task): Promise<'whole' | 'mismatch'> {
  const { blob } = wanted
  const handle = await guarded(path, () => open(path, 'a+'))
  try {
    const { hash, size } = await guarded(path, () => hashFile(handle, task.signal))
    const file = new PartialFile(path, handle, hash, size)
    const resumed = size > 0
    if (size > blob.size) await file.restart()
    await fill(http, file, wanted, task)
    await guarded(path, () => handle.sync())
    const found = file.digest()
    if (found === blob.sha256) return 'whole'
    if (resumed) return 'mismatch'
    throw new ImageHashError(`${shown(wanted.url)}: expected SHA-256 ${blob.sha256}, the download has ${found}; the mirror or the way to it `
      + 'is damaged, set STRATA_MIRROR to another one')
  } finally {
    await handle.close()
  }
}

async function fill(http: HttpClient, file: PartialFile, wanted: Download, task: Task): Promise<void> {
  const { blob, item, url } = wanted
  let stalls = 0
  let reported = 0
  const report = (always: boolean): void => {
    const now = performance.now()
    if (!always && now - reported < progressMilliseconds) return
    reported = now
    task.onProgress?.({ phase: 'download', item, done: file.size, total: blob.size })
  }
  report(true)
  while (file.size < blob.size) {
    const before = file.size
    const response = await http.get(url, file.size, task.signal)
    try {
      if (response.status === 416 || (response.status === 206 && !startsAt(response.contentRange, file.size))) {
        await file.restart()
        if (before === 0) throw new Error('the server sends a range that was not asked for')
        continue
      }
      // The server does not resume: it sends everything.
      if (response.status === 200 && file.size > 0) await file.restart()
      for await (const chunk of response.body) {
        if (file.size + chunk.length > blob.size) {
          throw new ImageHashError(`${shown(url)}: expected ${blob.size} bytes as the signed index says, the server sends more; refused`)
        }
        await file.append(chunk)
        report(false)
      }
      if (file.size < blob.size) throw new Error(`the connection ended after ${file.size} of ${blob.size} bytes`)
    } catch (cause) {
      task.signal?.throwIfAborted()
      if (cause instanceof ImageError) throw cause
      stalls = file.size > before ? 0 : stalls + 1
      if (stalls >= maximumStalls) throw http.failure(url, messageOf(cause), { cause })
    } finally {
      response.abandon()
    }
  }
  report(true)
}

function startsAt(contentRange: string | undefined, offset: number): boolean {
  return new RegExp(`^bytes ${offset}-`).test(contentRange ?? '')
}

/** The beginning of a file on the disk, with its hash. */
class PartialFile {
  readonly #path: string
  readonly #handle: FileHandle
  #hash: Hash
  size: number

  constructor(path: string, handle: FileHandle, hash: Hash, size: number) {
    this.#path = path
    this.#handle = handle
    this.#hash = hash
    this.size = size
  }

  async append(chunk: Uint8Array): Promise<void> {
    await guarded(this.#path, () => this.#handle.appendFile(chunk))
    this.#hash.update(chunk)
    this.size += chunk.length
  }

  async restart(): Promise<void> {
    await guarded(this.#path, () => this.#handle.truncate(0))
    this.#hash = createHash('sha256')
    this.size = 0
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

async function hashFile(handle: FileHandle, signal: AbortSignal | undefined): Promise<{ hash: Hash, size: number }> {
  const hash = createHash('sha256')
  let size = 0
  const buffer = Buffer.alloc(1 << 20)
  for (;;) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size)
    if (bytesRead === 0) return { hash, size }
    hash.update(buffer.subarray(0, bytesRead))
    size += bytesRead
  }
}
