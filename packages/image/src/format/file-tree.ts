import { ImageFormatError } from '../errors.ts'
import { normalizePath, type FileEntry } from './file-entry.ts'

// As many as Linux follows in one path.
const maximumLinks = 40

/**
 * A filesystem in memory that entries are unpacked into, whatever their order: a path through a symbolic link lands where the link
 * points, within this tree and nowhere else. `/etc` and `../../etc` as targets mean the tree's own `etc`, as they will in the guest.
 */
export class FileTree {
  readonly #entries = new Map<string, FileEntry>()

  constructor(entries: Iterable<FileEntry> = []) {
    for (const entry of entries) this.add(entry)
  }

  /**
   * Adds an entry and the directories that lead to it; one of the same path is replaced. As with dpkg, a directory unpacked onto a symbolic
   * link to a directory leaves the link, and a symbolic link unpacked onto a directory leaves the directory.
   * @throws ImageFormatError when the path leads out of the tree, through a file, or in circles
   */
  add(entry: FileEntry): void {
    const path = normalizePath(entry.path, 'entry')
    if (path === '') return
    const slash = path.lastIndexOf('/')
    const parent = this.#directory(slash < 0 ? '' : path.slice(0, slash), path)
    const place = join(parent, path.slice(slash + 1))
    const present = this.#entries.get(place)
    if (present !== undefined) {
      if (entry.type === 'directory' && present.type === 'symlink') {
        // The directory the link points to takes its place.
        this.#directory(place, path)
        return
      }
      if (present.type === 'directory' && entry.type === 'symlink') return
      if (present.type === 'directory' && entry.type !== 'directory') {
        throw new ImageFormatError(`${path}: is a directory already and cannot become a ${entry.type}`)
      }
    }
    if (entry.type === 'hardlink') {
      const target = this.resolve(normalizePath(entry.target, path))
      if (target === place) return
      if (target === undefined || this.#entries.get(target)?.type === 'directory') {
        throw new ImageFormatError(`${path}: a hard link to ${entry.target}, which is no file of the tree`)
      }
      const linked = this.#entries.get(target)
      this.#entries.set(place, { ...entry, path: place, target: linked?.type === 'hardlink' ? linked.target : target })
      return
    }
    if (present !== undefined && present.type !== 'directory') this.#keepLinked(place)
    this.#entries.set(place, { ...entry, path: place })
  }

  /** The entry at a path, with symbolic links in its parents followed. */
  get(path: string): FileEntry | undefined {
    const place = this.resolve(path)
    return place === undefined ? undefined : this.#entries.get(place)
  }

  /** Where a path's entry really is; undefined when there is none. The last component is not followed. */
  resolve(path: string): string | undefined {
    const normal = normalizePath(path, 'path')
    const slash = normal.lastIndexOf('/')
    const parent = slash < 0 ? '' : this.#follow(normal.slice(0, slash), normal)
    if (parent === undefined) return undefined
    const place = join(parent, normal.slice(slash + 1))
    return this.#entries.has(place) ? place : undefined
  }

  /** All entries, sorted by path: parents come before what they hold. */
  entries(): FileEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  }

  /** A file that is replaced while others are hard links to it: the first of these becomes the file. */
  #keepLinked(place: string): void {
    const replaced = this.#entries.get(place)
    let heir: string | undefined
    for (const [path, entry] of this.#entries) {
      if (entry.type !== 'hardlink' || entry.target !== place || replaced === undefined) continue
      if (heir === undefined) {
        this.#entries.set(path, { ...replaced, path })
        heir = path
      } else this.#entries.set(path, { ...entry, target: heir })
    }
  }

  /** The real path of the directory `path`, which is made where it is missing. */
  #directory(path: string, wanted: string): string {
    const place = this.#follow(path, wanted, (missing) => this.#entries.set(missing, { type: 'directory', path: missing }))
    if (place === undefined) throw new ImageFormatError(`${wanted}: its parent ${path} is no directory`)
    return place
  }

  #follow(path: string, wanted: string, make?: (missing: string) => void): string | undefined {
    const left = path.split('/').reverse()
    let place = ''
    let links = 0
    for (;;) {
      const part = left.pop()
      if (part === undefined) return place
      if (part === '' || part === '.') continue
      if (part === '..') {
        place = place.slice(0, Math.max(place.lastIndexOf('/'), 0))
        continue
      }
      const next = join(place, part)
      const entry = this.#entries.get(next)
      if (entry === undefined) {
        if (make === undefined) return undefined
        make(next)
      } else if (entry.type === 'symlink') {
        if (++links > maximumLinks) throw new ImageFormatError(`${wanted}: leads through more than ${maximumLinks} symbolic links`)
        if (entry.target.startsWith('/')) place = ''
        left.push(...entry.target.split('/').reverse())
        continue
      } else if (entry.type !== 'directory') return undefined
      place = next
    }
  }
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`
}
