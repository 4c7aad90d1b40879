export { openCache, type BlobReference, type Cache, type CacheOptions } from './cache/cache.ts'
export { readAptMirror } from './debian/apt-configuration.ts'
export { DebianArchive, type DebianArchiveOptions } from './debian/archive.ts'
export type { DebianPackage, PackageIndex, Provider } from './debian/package-index.ts'
export { resolvePackages } from './debian/resolve.ts'
export { compareVersions } from './debian/version.ts'
export {
  ImageCacheError, ImageDependencyError, ImageError, ImageFormatError, ImageHashError, ImageNetworkError, ImageNoSpaceError, ImageOptionError,
  ImageSignatureError, ImageUnknownError, type ImageErrorCode,
} from './errors.ts'
export { readCpio, writeCpio } from './format/cpio.ts'
export type { FileEntry } from './format/file-entry.ts'
export { FileTree } from './format/file-tree.ts'
export { initramfs } from './format/initramfs.ts'
export { imageNames, pullImage, pullOpenSbi, type Firmware, type Image, type ImageName, type PullOptions } from './image/images.ts'
export { kernelVersion } from './image/kernel-version.ts'
export { listImages, removeImage, type ImageSummary, type Source } from './image/manifest.ts'
export { rootfs, type Rootfs, type RootfsOptions } from './image/rootfs.ts'
export type { ImageProgress, ProgressListener, Task } from './task.ts'
