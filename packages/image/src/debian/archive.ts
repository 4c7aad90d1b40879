import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { BlobReference, Cache } from '../cache/cache.ts'
import { ImageFormatError, ImageHashError, ImageNetworkError, ImageOptionError, ImageUnknownError } from '../errors.ts'
import { compressionOf, decompress } from '../format/decompress.ts'
import type { ByteStream } from '../format/byte-stream.ts'
import type { Task } from '../task.ts'
import { readAptConfiguration } from './apt-configuration.ts'
import { debianArchiveKeys } from './archive-keys.ts'
import { download } from './download.ts'
import type { HttpClient } from './http.ts'
import { compactIndex, PackageIndex, type DebianPackage } from './package-index.ts'
import { verifyRelease, type Release } from './release.ts'
import { shown } from './shown-url.ts'

export interface DebianArchiveOptions extends Task {
  readonly cache: Cache
  /** Base URL. Default: `$STRATA_MIRROR`, else the first Debian mirror of the host's apt, else Debian's own. */
  readonly mirror?: string | undefined
  /** Suite or codename. Default: `trixie`, which is Debian 13. */
  readonly suite?: string | undefined
  /** Debian's name of the guest's architecture, such as `riscv64`, `ppc64el`, `amd64`, `arm64`. Default: `riscv64`. */
  readonly architecture?: string | undefined
  /** Armored OpenPGP public keys to trust instead of Debian's. */
  readonly trustedKeys?: string | undefined
}

interface StoredRelease {
  readonly release: Release
  readonly fetched: number
}

const exampleMirror = 'http://mirror.example/debian'
const advice = 'check the network, or set STRATA_MIRROR to the URL of a Debian mirror that can be reached'
const maximumInReleaseSize = 16 << 20
// The indexes are asked for at most this often; what they name stays on mirrors for longer.
const freshMilliseconds = 12 * 3600 * 1000

/**
 * A Debian archive: every byte of it is checked along InRelease (signature) → Packages (SHA-256) → .deb (SHA-256) before it is used.
 * What was fetched once is taken from the cache.
 */
export class DebianArchive {
  readonly cache: Cache
  readonly suite: string
  readonly architecture: string
  readonly task: Task
  readonly #mirror: string | undefined
  readonly #trustedKeys: string
  #site: Promise<{ mirror: string, http: HttpClient }> | undefined
  #index: { packages: string, index: PackageIndex } | undefined

  /** @throws ImageOptionError when the mirror, suite or architecture cannot be one */
  constructor(options: DebianArchiveOptions) {
    this.cache = options.cache
    this.suite = options.suite ?? 'trixie'
    this.architecture = options.architecture ?? 'riscv64'
    this.task = { signal: options.signal, onProgress: options.onProgress }
    const environment = process.env['STRATA_MIRROR']
    this.#mirror = options.mirror ?? (environment === '' ? undefined : environment)
    this.#trustedKeys = options.trustedKeys ?? debianArchiveKeys
    if (this.#mirror !== undefined && !/^https?:\/\/[^/]/.test(this.#mirror)) {
      throw new ImageOptionError(`expected STRATA_MIRROR, or the mirror given, to be a URL such as ${exampleMirror}, `
        + `got ${JSON.stringify(this.#mirror)}`)
    }
    if (!/^[a-z0-9][a-z0-9./-]*$/.test(this.suite) || this.suite.includes('..')) {
      throw new ImageOptionError(`expected a suite such as trixie, got ${JSON.stringify(this.suite)}`)
    }
    if (!/^[a-z0-9-]+$/.test(this.architecture)) {
      throw new ImageOptionError(`expected an architecture such as riscv64, got ${JSON.stringify(this.architecture)}`)
    }
  }

  /** Tells archives apart whose contents may differ: the suite, the architecture, and who is trusted. */
  get id(): string {
    return [this.suite, this.architecture, ...(this.#trustedKeys === debianArchiveKeys ? [] : [digest(this.#trustedKeys).slice(0, 16)])].join(' ')
  }

  /**
   * The packages of the suite, from the cache when it was asked for within the last 12 hours or when the mirror cannot be reached.
   * @param refresh asks the mirror in any case
   * @throws ImageSignatureError, ImageHashError, ImageNetworkError, ImageNoSpaceError, ImageUnknownError for a missing architecture
   */
  async index(refresh = false): Promise<PackageIndex> {
    return this.cache.exclusive(this.task, async () => {
      const release = await this.#release(refresh)
      const folder = `main/binary-${this.architecture}`
      const packages = release.indexes[`${folder}/Packages`]
      const path = [`${folder}/Packages.xz`, `${folder}/Packages.gz`].find((name) => release.indexes[name] !== undefined)
      const blob = path === undefined ? undefined : release.indexes[path]
      if (packages === undefined || path === undefined || blob === undefined) {
        const known = Object.keys(release.indexes).map((name) => name.split('/')[1]?.replace('binary-', '') ?? '')
        throw new ImageUnknownError(`Debian's suite ${this.suite} has no architecture ${this.architecture}; it has ${[...new Set(known)].join(', ')}`)
      }
      if (this.#index?.packages === packages.sha256) return this.#index.index
      const index = await this.#storedIndex(packages.sha256) ?? await this.#fetchIndex(release, path, blob, packages)
      this.#index = { packages: packages.sha256, index }
      return index
    })
  }

  /**
   * Puts a package into the cache.
   * @throws as `index` does
   */
  async fetch(wanted: DebianPackage): Promise<void> {
    if (await this.cache.has(wanted)) return
    await this.cache.exclusive(this.task, async () => {
      if (await this.cache.has(wanted)) return
      const { mirror, http } = await this.#connect()
      const url = `${mirror}/${wanted.filename.split('/').map(encodeURIComponent).join('/')}`
      await download(http, this.cache, { url, blob: wanted, item: `${wanted.name} ${wanted.version}` }, this.task)
    })
  }

  /**
   * A package as an open file, checked whole. A damaged one in the cache is fetched anew. The caller closes it.
   * @throws as `index` does
   */
  async open(wanted: DebianPackage): Promise<FileHandle> {
    let damage: ImageHashError | undefined
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        await this.fetch(wanted)
        const handle = await this.cache.open(wanted, this.task.signal)
        if (handle !== undefined) return handle
      } catch (error) {
        if (damage !== undefined) throw unrepaired(damage, error)
        if (!(error instanceof ImageHashError) || error.path === undefined) throw error
        damage = error
        this.task.onProgress?.({ phase: 'corrupt', item: error.message, done: 0 })
      }
    }
    throw damage ?? new ImageHashError(`${wanted.name} ${wanted.version} vanished from the cache while it was being used`)
  }

  async #connect(): Promise<{ mirror: string, http: HttpClient }> {
    this.#site ??= (async () => {
      // The HTTP client takes longer to load than an image from the cache: only who needs it waits for it.
      const [apt, { HttpClient }] = await Promise.all([readAptConfiguration(), import('./http.ts')])
      const mirror = this.#mirror ?? apt.mirror
      if (mirror === undefined) {
        throw new ImageNetworkError(`no Debian mirror is known, as this host's apt names none: set STRATA_MIRROR to the URL of one, such as ${exampleMirror}`)
      }
      return { mirror: mirror.replace(/\/+$/, ''), http: new HttpClient(apt.proxy, advice) }
    })()
    return this.#site
  }

  async #release(refresh: boolean): Promise<Release> {
    const { mirror, http } = await this.#connect()
    const name = digest([mirror, this.suite, this.#trustedKeys].join('\n'))
    const stored = await this.cache.readRecord('releases', name) as StoredRelease | undefined
    if (stored !== undefined && !refresh && Math.abs(Date.now() - stored.fetched) < freshMilliseconds) return stored.release
    const source = `${mirror}/dists/${this.suite}/InRelease`
    try {
      this.task.onProgress?.({ phase: 'download', item: `InRelease of ${this.suite}`, done: 0 })
      const bytes = await http.getSmall(source, maximumInReleaseSize, this.task.signal)
      const check = { trustedKeys: this.#trustedKeys, suite: this.suite, source: shown(source), now: new Date() }
      const fetched = await verifyRelease(Buffer.from(bytes).toString('utf8'), check)
      // A mirror that lags, or somebody who replays an old index with known holes, does not take us back.
      const release = stored !== undefined && Date.parse(fetched.date) < Date.parse(stored.release.date) ? stored.release : fetched
      await this.cache.writeRecord('releases', name, { release, fetched: Date.now() } satisfies StoredRelease)
      return release
    } catch (error) {
      if (stored === undefined || !(error instanceof ImageNetworkError)) throw error
      this.task.onProgress?.({ phase: 'offline', item: error.message, done: 0 })
      return stored.release
    }
  }

  async #storedIndex(packages: string): Promise<PackageIndex | undefined> {
    const blob = await this.cache.readRecord('indexes', packages) as BlobReference | undefined
    if (blob === undefined) return undefined
    try {
      const text = await this.cache.read(blob)
      return text === undefined ? undefined : new PackageIndex(text)
    } catch (error) {
      if (!(error instanceof ImageHashError || error instanceof ImageFormatError)) throw error
      this.task.onProgress?.({ phase: 'corrupt', item: error.message, done: 0 })
      return undefined
    }
  }

  async #fetchIndex(release: Release, path: string, blob: BlobReference, packages: BlobReference): Promise<PackageIndex> {
    const { mirror, http } = await this.#connect()
    const item = `package index of ${this.suite}, ${this.architecture}`
    const suite = `${mirror}/dists/${this.suite}`
    const plain = `${suite}/${path}`
    const byHash = `${suite}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${blob.sha256}`
    try {
      await download(http, this.cache, { url: release.acquireByHash ? byHash : plain, blob, item }, this.task)
    } catch (error) {
      // Some mirrors leave the hashed names out.
      if (!release.acquireByHash || !(error instanceof ImageNetworkError) || error.status !== 404) throw error
      await download(http, this.cache, { url: plain, blob, item }, this.task)
    }
    const handle = await this.cache.open(blob, this.task.signal)
    if (handle === undefined) throw new ImageHashError(`the ${item} vanished from the cache while it was being read`)
    try {
      const source: ByteStream = handle.createReadStream({ start: 0, autoClose: false })
      const text = decompress(source, compressionOf(path), packages.size, plain)
      let next = 0
      const compact = await compactIndex(text, plain, (bytes) => {
        this.task.signal?.throwIfAborted()
        if (bytes < next && bytes < packages.size) return
        next = bytes + (packages.size >> 5)
        this.task.onProgress?.({ phase: 'index', item, done: bytes, total: packages.size })
      })
      const stored = await this.cache.write(compact)
      await this.#forgetOtherIndexes(packages.sha256)
      await this.cache.writeRecord('indexes', packages.sha256, { ...stored, of: this.#indexName } satisfies StoredIndex)
      return new PackageIndex(compact)
    } finally {
      await handle.close()
      await this.cache.discard(blob.sha256)
    }
  }

  get #indexName(): string {
    return `${this.id} ${digest(this.#mirror ?? '')}`
  }

  /** An index that a newer one of the same suite replaces is not needed any more. */
  async #forgetOtherIndexes(kept: string): Promise<void> {
    for (const name of await this.cache.records('indexes')) {
      const stored = await this.cache.readRecord('indexes', name) as StoredIndex | undefined
      if (name === kept || (stored !== undefined && stored.of !== this.#indexName)) continue
      if (stored !== undefined) await this.cache.discard(stored.sha256)
      await this.cache.removeRecord('indexes', name)
    }
  }
}

interface StoredIndex extends BlobReference {
  /** The archive whose latest index this is. */
  readonly of: string
}

/** The error for damage in the cache that could not be made good, because fetching anew failed as well. */
export function unrepaired(damage: ImageHashError, cause: unknown): unknown {
  if (!(cause instanceof ImageNetworkError)) return cause
  return new ImageHashError(`${damage.message}, which failed: ${cause.message}`, { cause, path: damage.path })
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
