import type { BlobReference } from '../cache/cache.ts'
import type { DebianArchive } from '../debian/archive.ts'
import type { DebianPackage, PackageIndex } from '../debian/package-index.ts'
import { readPackageFile } from '../debian/package-file.ts'
import { ImageFormatError, ImageUnknownError } from '../errors.ts'
import { readCpio, writeCpio } from '../format/cpio.ts'
import type { FileEntry } from '../format/file-entry.ts'
import { FileTree } from '../format/file-tree.ts'
import { initramfs } from '../format/initramfs.ts'
import { extractFiles } from './extract.ts'
import { kernelVersion } from './kernel-version.ts'
import { newest, presentLinuxImage } from './linux-image.ts'
import { assemble, sourceOf, type Source } from './manifest.ts'
import { rootfs } from './rootfs.ts'

/** The images that `pullImage` knows. */
export const imageNames = ['debian', 'debian-installer'] as const
export type ImageName = (typeof imageNames)[number]

export interface PullOptions {
  /** Asks the mirror for present versions even when the cache has the image. Default: false. */
  readonly refresh?: boolean
  /** For `debian`: more files for its initramfs, such as `init`. They replace the image's own of the same path. */
  readonly entries?: readonly FileEntry[]
  /**
   * For `debian`: where the kernel is from. The installer's package has the same kernel and is smaller for riscv64 and ppc64el; for amd64
   * and arm64 it is the other way round. Default: `installer`.
   */
  readonly kernel?: 'installer' | 'linux-image'
  /** For `debian`: packages to unpack into its initramfs, with their dependencies. */
  readonly packages?: readonly string[]
}

/** A kernel with what it boots into. Every byte was checked against the archive's signed index, or a record of that check. */
export interface Image {
  readonly name: ImageName
  readonly architecture: string
  /** As the package has it: for riscv64 a raw `Image`. */
  readonly kernel: Uint8Array
  /** Such as `6.12.107+deb13-riscv64`. */
  readonly kernelVersion: string
  readonly initrd: Uint8Array
  readonly sources: readonly Source[]
}

/**
 * Obtains an image: from the cache without the network, else from the mirror.
 *
 * - `debian`: the installer's kernel, which is that of Debian's linux-image, and an initramfs of busybox (`/bin/busybox`, `/bin/sh`) and of
 *   the caller's entries. It has no init of its own. The other applets' links are made in the guest: `/bin/busybox --install -s`.
 * - `debian-installer`: kernel and initramfs of Debian's network installer, untouched.
 * @throws ImageUnknownError for another name; and what `DebianArchive.index` and `rootfs` throw
 */
export async function pullImage(name: string, archive: DebianArchive, options: PullOptions = {}): Promise<Image> {
  const refresh = options.refresh === true
  if (name === 'debian') return pullDebian(archive, refresh, options)
  if (name !== 'debian-installer') throw new ImageUnknownError(`expected one of the images ${imageNames.join(', ')}, got ${JSON.stringify(name)}`)
  const { manifest, parts } = await assemble(archive, name, refresh, async (index) => {
    const { found, kernel, initrd } = await netboot(archive, index)
    return { blobs: { kernel, initrd }, facts: { kernelVersion: await versionOf(archive, kernel) }, sources: [sourceOf(found)] }
  })
  return {
    name,
    architecture: archive.architecture,
    kernel: part(parts, 'kernel'),
    kernelVersion: manifest.facts['kernelVersion'] ?? '',
    initrd: part(parts, 'initrd'),
    sources: manifest.sources,
  }
}

async function pullDebian(archive: DebianArchive, refresh: boolean, options: PullOptions): Promise<Image> {
  const fromLinuxImage = options.kernel === 'linux-image'
  const { manifest, parts } = await assemble(archive, fromLinuxImage ? 'debian:linux-image' : 'debian', refresh, async (index) => {
    const { found, kernel } = await (fromLinuxImage ? linuxImageKernel : netboot)(archive, index)
    const busybox = newest(index, 'busybox-static')
    const files = await archive.cache.write(writeCpio(await busyboxFiles(archive, busybox)))
    return { blobs: { kernel, files }, facts: { kernelVersion: await versionOf(archive, kernel) }, sources: [sourceOf(found), sourceOf(busybox)] }
  })
  const packages = options.packages ?? []
  const root = packages.length === 0 ? { files: [], sources: [] } : await rootfs(archive, packages, { refresh })
  const own = readCpio(part(parts, 'files'), 'the files of image debian')
  return {
    name: 'debian',
    architecture: archive.architecture,
    kernel: part(parts, 'kernel'),
    kernelVersion: manifest.facts['kernelVersion'] ?? '',
    initrd: initramfs([...root.files, ...own, ...options.entries ?? []]),
    sources: [...manifest.sources, ...root.sources],
  }
}

/** Firmware for a RISC-V machine's reset vector. */
export interface Firmware {
  /** The package's version. */
  readonly version: string
  /** Is told by the previous stage where to go on (fw_dynamic.bin), raw. */
  readonly dynamic: Uint8Array
  /** Goes on at a fixed address (fw_jump.bin), raw. */
  readonly jump: Uint8Array
  readonly sources: readonly Source[]
}

/**
 * OpenSBI's generic platform from Debian's package opensbi, for 64-bit RISC-V.
 * @throws what `DebianArchive.index` throws
 */
export async function pullOpenSbi(archive: DebianArchive, options: Pick<PullOptions, 'refresh'> = {}): Promise<Firmware> {
  const { manifest, parts } = await assemble(archive, 'opensbi', options.refresh === true, async (index) => {
    const found = newest(index, 'opensbi')
    const directory = 'usr/lib/riscv64-linux-gnu/opensbi/generic'
    const { dynamic, jump } = await extractFiles(archive, found, { dynamic: `${directory}/fw_dynamic.bin`, jump: `${directory}/fw_jump.bin` })
    if (dynamic === undefined || jump === undefined) throw new ImageFormatError('opensbi: a firmware is missing')
    return { blobs: { dynamic, jump }, facts: { version: found.version }, sources: [sourceOf(found)] }
  })
  return { version: manifest.facts['version'] ?? '', dynamic: part(parts, 'dynamic'), jump: part(parts, 'jump'), sources: manifest.sources }
}

async function netboot(archive: DebianArchive, index: PackageIndex): Promise<{ found: DebianPackage, kernel: BlobReference, initrd: BlobReference }> {
  const { architecture } = archive
  const release = netbootRelease(index, architecture)
  const found = newest(index, `debian-installer-${release}-netboot-${architecture}`)
  const directory = `usr/lib/debian-installer/images/${release}/${architecture}/text/debian-installer/${architecture}`
  // What the installer for POWER calls vmlinux is called linux elsewhere.
  const kernelName = architecture === 'ppc64el' ? 'vmlinux' : 'linux'
  const { kernel, initrd } = await extractFiles(archive, found, { kernel: `${directory}/${kernelName}`, initrd: `${directory}/initrd.gz` })
  if (kernel === undefined || initrd === undefined) throw new ImageFormatError(`${found.name}: kernel or initramfs is missing`)
  return { found, kernel, initrd }
}

async function linuxImageKernel(archive: DebianArchive, index: PackageIndex): Promise<{ found: DebianPackage, kernel: BlobReference }> {
  const found = presentLinuxImage(index, archive.architecture)
  const release = found.name.replace('linux-image-', '')
  const file = ['riscv64', 'ppc64el'].includes(archive.architecture) ? 'vmlinux' : 'vmlinuz'
  const { kernel } = await extractFiles(archive, found, { kernel: `boot/${file}-${release}` })
  if (kernel === undefined) throw new ImageFormatError(`${found.name}: the kernel is missing`)
  return { found, kernel }
}

/** The installer's package has Debian's release in its name; the latest of the suite is taken. */
function netbootRelease(index: PackageIndex, architecture: string): string {
  const releases = index.names('debian-installer-')
    .map((name) => /^debian-installer-(\d+)-netboot-(.+)$/.exec(name))
    .filter((match) => match?.[2] === architecture)
    .map((match) => match?.[1] ?? '')
  const latest = releases.sort((a, b) => Number(b) - Number(a))[0]
  if (latest === undefined) throw new ImageUnknownError(`the archive has no package debian-installer-<release>-netboot-${architecture}`)
  return latest
}

async function busyboxFiles(archive: DebianArchive, busybox: DebianPackage): Promise<FileEntry[]> {
  const handle = await archive.open(busybox)
  try {
    const what = `${busybox.name} ${busybox.version}`
    const wanted = (path: string): boolean => /^(usr\/)?bin\/busybox$/.test(path)
    for await (const entry of readPackageFile(handle, { ...archive.task, what, installedSize: busybox.installedSize, wanted })) {
      if (entry.type !== 'file') continue
      return new FileTree([
        { type: 'symlink', path: 'bin', target: 'usr/bin' },
        { type: 'symlink', path: 'sbin', target: 'usr/sbin' },
        { type: 'directory', path: 'usr/bin' },
        { type: 'directory', path: 'usr/sbin' },
        { ...entry, path: 'usr/bin/busybox' },
        { type: 'symlink', path: 'usr/bin/sh', target: 'busybox' },
      ]).entries()
    }
    throw new ImageFormatError(`${what}: expected a file /bin/busybox, it has none`)
  } finally {
    await handle.close()
  }
}

async function versionOf(archive: DebianArchive, kernel: BlobReference): Promise<string> {
  const image = await archive.cache.read(kernel)
  const version = image === undefined ? undefined : kernelVersion(image)
  if (version === undefined) throw new ImageFormatError('expected a Linux kernel that tells its version, found something else')
  return version
}

function part(parts: Readonly<Record<string, Uint8Array>>, role: string): Uint8Array {
  const data = parts[role]
  if (data === undefined) throw new ImageFormatError(`the image has no part ${role}`)
  return data
}
