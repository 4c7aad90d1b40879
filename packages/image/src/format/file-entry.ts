import { ImageFormatError } from '../errors.ts'

interface EntryBase {
  /** Where it goes: relative to the root, components separated by `/`, no `.` and no `..`. */
  readonly path: string
  /** Permission bits, 0 to 0o7777. Default: 0o755 for directories, 0o777 for symbolic links, else 0o644. */
  readonly mode?: number
  /** Owner; default 0. */
  readonly uid?: number
  /** Group; default 0. */
  readonly gid?: number
}

/** One file of a guest's filesystem. It exists in memory only and is never written to the host. */
export type FileEntry =
  | (EntryBase & { readonly type: 'file', readonly data: Uint8Array })
  | (EntryBase & { readonly type: 'directory' | 'fifo' })
  | (EntryBase & { readonly type: 'symlink', readonly target: string })
  /** Another name for the file at `target` (a path as in `path`). */
  | (EntryBase & { readonly type: 'hardlink', readonly target: string })
  | (EntryBase & { readonly type: 'character' | 'block', readonly major: number, readonly minor: number })

/** The permission bits an entry has when it names none. */
export function modeOf(entry: FileEntry): number {
  if (entry.mode !== undefined) return entry.mode
  if (entry.type === 'directory') return 0o755
  return entry.type === 'symlink' ? 0o777 : 0o644
}

/**
 * The path without a leading `./`, trailing `/` or doubled `/`; empty for the root itself.
 * @throws ImageFormatError for names that lead elsewhere: absolute, with `..`, or with a NUL
 */
export function normalizePath(name: string, what: string): string {
  const parts = name.split('/')
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw new ImageFormatError(`${what}: the name ${JSON.stringify(name)} leads out of the archive; refused`)
  }
  return parts.filter((part) => part !== '' && part !== '.').join('/')
}
