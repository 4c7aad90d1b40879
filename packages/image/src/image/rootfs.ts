import type { DebianArchive } from '../debian/archive.ts'
import { readPackageFile } from '../debian/package-file.ts'
import type { DebianPackage } from '../debian/package-index.ts'
import { resolvePackages } from '../debian/resolve.ts'
import { ImageUnknownError } from '../errors.ts'
import { readCpio, writeCpio } from '../format/cpio.ts'
import type { FileEntry } from '../format/file-entry.ts'
import { FileTree } from '../format/file-tree.ts'
import { assemble, sourceOf, type Source } from './manifest.ts'

export interface RootfsOptions {
  /** Also takes Debian's essential packages, which no package names as a dependency (a shell, coreutils, …). Default: false. */
  readonly essential?: boolean
  /** Asks the mirror for present versions even when the cache has this root filesystem. Default: false. */
  readonly refresh?: boolean
}

export interface Rootfs {
  /** The files, sorted by path. Their data are views of one archive in memory. */
  readonly files: FileEntry[]
  /** The packages they are from, with all that the requested ones depend on. */
  readonly sources: readonly Source[]
}

/**
 * A root filesystem of Debian packages and what they depend on, as entries in memory. Maintainer scripts are not run, so that what they
 * would make (users, `ldconfig`'s cache, `update-alternatives`' links, generated configuration) is missing. Documentation is left in.
 * @throws ImageUnknownError when there is no package of a name; ImageDependencyError when relations cannot be fulfilled; and what
 * `DebianArchive.index` throws
 */
export async function rootfs(archive: DebianArchive, packages: readonly string[], options: RootfsOptions = {}): Promise<Rootfs> {
  const names = [...new Set(packages.map((name) => name.trim()))].sort()
  if (names.length === 0 && options.essential !== true) throw new ImageUnknownError('expected the names of packages, got none')
  const name = `packages:${[...(options.essential === true ? ['essential'] : []), ...names].join(',')}`
  const { manifest, parts } = await assemble(archive, name, options.refresh === true, async (index) => {
    const chosen = resolvePackages(index, [...(options.essential === true ? index.essential() : []), ...names])
    const tree = await unpack(archive, chosen)
    return { blobs: { files: await archive.cache.write(writeCpio(tree.entries())) }, sources: chosen.map(sourceOf) }
  })
  return { files: readCpio(parts['files'] ?? new Uint8Array(0), name), sources: manifest.sources }
}

/** Unpacks packages into one tree. The directories that Debian merged into /usr are links to there from the start, whatever comes first. */
async function unpack(archive: DebianArchive, packages: readonly DebianPackage[]): Promise<FileTree> {
  const tree = new FileTree()
  for (const name of mergedDirectories(archive.architecture)) {
    tree.add({ type: 'directory', path: `usr/${name}` })
    tree.add({ type: 'symlink', path: name, target: `usr/${name}` })
  }
  for (const found of packages) {
    const handle = await archive.open(found)
    try {
      const options = { ...archive.task, what: `${found.name} ${found.version}`, installedSize: found.installedSize }
      for await (const entry of readPackageFile(handle, options)) tree.add(entry)
    } finally {
      await handle.close()
    }
  }
  return tree
}

/** The top-level links of base-files; lib64 is where these architectures' programs look for their dynamic linker. */
function mergedDirectories(architecture: string): string[] {
  const common = ['bin', 'lib', 'sbin']
  return ['amd64', 'ppc64el', 'loong64'].includes(architecture) ? [...common, 'lib64'] : common
}
