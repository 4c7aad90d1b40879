import { ImageFormatError } from '../errors.ts'
import type { ByteStream } from '../format/byte-stream.ts'

/** A package as the archive's signed index describes it. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** The package's architecture, or `all`. */
  readonly architecture: string
  /** Whether every Debian system has it. */
  readonly essential: boolean
  /** Size of the unpacked files, in KiB as the package's maintainer counted. */
  readonly installedSize: number
  /** Size of the .deb, in bytes. */
  readonly size: number
  /** SHA-256 of the .deb, 64 hexadecimal digits. */
  readonly sha256: string
  /** Where the .deb is, relative to the mirror. */
  readonly filename: string
  /** `Pre-Depends` and `Depends`. */
  readonly depends: string
  /** `Conflicts` and `Breaks`. */
  readonly conflicts: string
}

/** A package that provides a virtual one. */
export interface Provider {
  readonly name: string
  /** The version of the virtual package, where the provider gives one. */
  readonly version: string | undefined
}

const header = 'strata-package-index 1\n'
const needed = new Set(['Package', 'Version', 'Architecture', 'Essential', 'Installed-Size', 'Size', 'SHA256', 'Filename', 'Pre-Depends',
  'Depends', 'Conflicts', 'Breaks', 'Provides'])

/**
 * The packages of one architecture, over a compact text that needs no parsing: a line per package and a line per provided name. They are
 * sorted, and found by bisection.
 */
export class PackageIndex {
  readonly #text: Buffer

  /** @throws ImageFormatError when `text` was not written by `compactIndex` of this version */
  constructor(text: Uint8Array) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    if (this.#text.toString('latin1', 0, header.length) !== header) throw new ImageFormatError('the package index has another version than expected')
  }

  /** All versions of a package, in the index's order. */
  find(name: string): DebianPackage[] {
    return this.#lines('P', name).map((line) => {
      const [, , version = '', architecture = '', essential, installedSize, size, sha256 = '', filename = '', depends = '', conflicts = ''] = line
      return {
        name, version, architecture, essential: essential === 'yes', installedSize: Number(installedSize), size: Number(size), sha256,
        filename, depends, conflicts,
      }
    })
  }

  /** The packages that provide a virtual package. */
  providers(name: string): Provider[] {
    return this.#lines('V', name).map(([, , provider = '', version]) => ({ name: provider, version: version === '' ? undefined : version }))
  }

  /** The names of all essential packages. */
  essential(): string[] {
    const names = new Set<string>()
    for (const [, name = ''] of this.#lines('E', undefined)) names.add(name)
    return [...names]
  }

  /** The names of packages that begin with `prefix`. */
  names(prefix: string): string[] {
    const names = new Set<string>()
    for (const [, name = ''] of this.#lines('P', undefined, prefix)) names.add(name)
    return [...names]
  }

  #lines(kind: string, name: string | undefined, prefix = ''): string[][] {
    const key = Buffer.from(name === undefined ? `${kind}\t${prefix}` : `${kind}\t${name}\t`)
    const lines: string[][] = []
    let at = this.#lowerBound(key)
    while (at < this.#text.length && this.#text.compare(key, 0, key.length, at, at + key.length) === 0) {
      const end = this.#text.indexOf(10, at)
      lines.push(this.#text.toString('utf8', at, end).split('\t'))
      at = end + 1
    }
    return lines
  }

  /** Where the first line is that does not sort before `key`: the lines are sorted. */
  #lowerBound(key: Buffer): number {
    let low = header.length
    let high = this.#text.length
    while (low < high) {
      const middle = low + ((high - low) >> 1)
      const start = Math.max(this.#text.lastIndexOf(10, middle - 1) + 1, low)
      const end = this.#text.indexOf(10, start) + 1
      if (this.#text.compare(key, 0, key.length, start, Math.min(start + key.length, end - 1)) < 0) low = end
      else high = start
    }
    return low
  }
}

/**
 * Reads an archive's `Packages` file as it streams in and keeps what resolving and fetching need.
 * @throws ImageFormatError when a package lacks a field
 */
export async function compactIndex(packages: ByteStream, what: string, onProgress?: (bytes: number) => void): Promise<Uint8Array> {
  const lines: string[] = []
  const decoder = new TextDecoder()
  let rest = ''
  let bytes = 0
  let paragraph = new Map<string, string>()
  let field = ''
  const finish = (): void => {
    if (paragraph.size > 0) addPackage(paragraph, lines, what)
    paragraph = new Map()
    field = ''
  }
  const take = (line: string): void => {
    if (line === '') return finish()
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (field !== '') paragraph.set(field, `${paragraph.get(field) ?? ''} ${line.trim()}`)
      return
    }
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    field = needed.has(name) ? name : ''
    if (field !== '') paragraph.set(field, line.slice(colon + 1).trim())
  }
  for await (const chunk of packages) {
    const text = rest + decoder.decode(chunk, { stream: true })
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      take(text.slice(start, end))
      start = end + 1
    }
    rest = text.slice(start)
    bytes += chunk.length
    onProgress?.(bytes)
  }
  if (rest !== '') take(rest)
  finish()
  lines.sort()
  return Buffer.from(`${header}${lines.join('\n')}\n`)
}

function addPackage(paragraph: ReadonlyMap<string, string>, lines: string[], what: string): void {
  const get = (field: string): string => (paragraph.get(field) ?? '').replaceAll('\t', ' ')
  const name = get('Package')
  const version = get('Version')
  for (const field of ['Package', 'Version', 'Architecture', 'Size', 'SHA256', 'Filename']) {
    if (get(field) === '') throw new ImageFormatError(`${what}: the package ${JSON.stringify(name)} has no field ${field}`)
  }
  const depends = [get('Pre-Depends'), get('Depends')].filter((list) => list !== '').join(', ')
  const conflicts = [get('Conflicts'), get('Breaks')].filter((list) => list !== '').join(', ')
  const essential = get('Essential') === 'yes'
  lines.push(['P', name, version, get('Architecture'), essential ? 'yes' : '', get('Installed-Size') || '0', get('Size'),
    get('SHA256').toLowerCase(), get('Filename'), depends, conflicts].join('\t'))
  if (essential) lines.push(`E\t${name}`)
  for (const provided of get('Provides').split(',')) {
    const match = /^\s*([^\s(:]+)(?::[a-z0-9-]+)?\s*(?:\(=\s*([^\s)]+)\s*\))?\s*$/.exec(provided)
    if (match?.[1] !== undefined) lines.push(['V', match[1], name, match[2] ?? ''].join('\t'))
  }
}
