import type { DebianArchive } from '../debian/archive.ts'
import { readPackageFile } from '../debian/package-file.ts'
import type { DebianPackage } from '../debian/package-index.ts'
import { ImageFormatError, ImageUnknownError } from '../errors.ts'
import { collect } from '../format/byte-stream.ts'
import { readCpio, writeCpio } from '../format/cpio.ts'
import { compressionOf, decompress } from '../format/decompress.ts'
import { elfSection } from '../format/elf-section.ts'
import type { FileEntry } from '../format/file-entry.ts'
import { FileTree } from '../format/file-tree.ts'
import { newest } from './linux-image.ts'
import { assemble, sourceOf, type Source } from './manifest.ts'

export interface KernelModules {
  /** The modules' files, below `usr/lib/modules/<release>`, decompressed, for an initramfs. */
  readonly files: FileEntry[]
  /** Paths of the modules in an order in which `insmod` can load them: each after those it depends on. */
  readonly loadOrder: readonly string[]
  readonly sources: readonly Source[]
}

const maximumModuleSize = 256 << 20

/**
 * Kernel modules by name, with those they depend on, for a kernel of exactly this release. Names of what the kernel has built in yield
 * nothing. The package they are from is large (112 MB for riscv64) and stays in the cache.
 * @param release as `Image.kernelVersion`, such as `6.12.107+deb13-riscv64`
 * @throws ImageUnknownError when there is no such module or the archive does not have this kernel any more; and what `DebianArchive.index` throws
 */
export async function kernelModules(archive: DebianArchive, release: string, names: readonly string[]): Promise<KernelModules> {
  const wanted = [...new Set(names.map(canonical))].sort()
  const name = `modules:${release}:${wanted.join(',')}`
  const { manifest, parts } = await assemble(archive, name, false, async (index) => {
    const found = newest(index, `linux-image-${release}`)
    const { available, builtIn } = await readModules(archive, found)
    const { tree, loadOrder } = await select(available, builtIn, wanted, release)
    return {
      blobs: { files: await archive.cache.write(writeCpio(tree.entries())) },
      facts: { loadOrder: JSON.stringify(loadOrder) },
      sources: [sourceOf(found)],
    }
  })
  const loadOrder = JSON.parse(manifest.facts['loadOrder'] ?? '[]') as string[]
  return { files: readCpio(parts['files'] ?? new Uint8Array(0), name), loadOrder, sources: manifest.sources }
}

type ModuleFile = FileEntry & { readonly type: 'file' }

/** All modules of a kernel's package, as they are in there, and the names of what is built in. */
async function readModules(archive: DebianArchive, found: DebianPackage): Promise<{ available: Map<string, ModuleFile>, builtIn: Set<string> }> {
  const available = new Map<string, ModuleFile>()
  const builtIn = new Set<string>()
  const handle = await archive.open(found)
  try {
    const options = {
      ...archive.task, what: `${found.name} ${found.version}`, installedSize: found.installedSize,
      wanted: (path: string): boolean => /^(usr\/)?lib\/modules\/.*(\.ko(\.(xz|gz|zst))?|\/modules\.builtin)$/.test(path),
    }
    for await (const entry of readPackageFile(handle, options)) {
      if (entry.type !== 'file') continue
      if (!entry.path.endsWith('/modules.builtin')) available.set(moduleName(entry.path), entry)
      else for (const line of Buffer.from(entry.data).toString().split('\n')) if (line !== '') builtIn.add(moduleName(line))
    }
  } finally {
    await handle.close()
  }
  return { available, builtIn }
}

async function select(
  available: ReadonlyMap<string, ModuleFile>, builtIn: ReadonlySet<string>, names: readonly string[], release: string,
): Promise<{ tree: FileTree, loadOrder: string[] }> {
  const tree = new FileTree()
  const loadOrder: string[] = []
  const seen = new Set<string>()
  const visit = async (name: string, neededBy: string): Promise<void> => {
    if (seen.has(name)) return
    seen.add(name)
    const file = available.get(name)
    if (file === undefined) {
      if (builtIn.has(name)) return
      throw new ImageUnknownError(`the kernel ${release} has no module ${name}, which ${neededBy} needs`)
    }
    const data = await collect(decompress(once(file.data), compressionOf(file.path), maximumModuleSize, file.path))
    for (const dependency of dependencies(data, file.path)) await visit(dependency, name)
    const path = file.path.replace(/^lib\//, 'usr/lib/').replace(/\.(xz|gz|zst)$/, '')
    tree.add({ ...file, path, data })
    loadOrder.push(path)
  }
  for (const name of names) await visit(name, 'the request')
  return { tree, loadOrder }
}

/** `depends=` of a module's .modinfo section, where the kernel build puts it. */
function dependencies(module: Uint8Array, what: string): string[] {
  const modinfo = elfSection(module, '.modinfo', what)
  if (modinfo === undefined) throw new ImageFormatError(`${what}: expected a kernel module, it has no section .modinfo`)
  const fields = Buffer.from(modinfo).toString('latin1').split('\0')
  const list = fields.find((field) => field.startsWith('depends='))?.slice('depends='.length) ?? ''
  return list.split(',').filter((name) => name !== '').map(canonical)
}

function moduleName(path: string): string {
  return canonical(path.slice(path.lastIndexOf('/') + 1).replace(/\.ko(\.\w+)?$/, ''))
}

// The kernel takes both spellings for the same module.
function canonical(name: string): string {
  return name.trim().replaceAll('-', '_')
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}
