import { writeCpio } from './cpio.ts'
import type { FileEntry } from './file-entry.ts'
import { FileTree } from './file-tree.ts'

/**
 * An initramfs: a "newc" cpio archive of the entries in sorted order, with the directories that lead to them. Later entries replace earlier
 * ones of the same path; paths through symbolic links (`bin/sh` where `bin` is a link to `usr/bin`) land where the links point. The same
 * entries give the same bytes. The kernel takes several archives one after the other, compressed or not, so that the result may be appended
 * to another initramfs (at a multiple of 4 bytes).
 * @throws ImageFormatError when a path leads out of the tree or through a file
 */
export function initramfs(entries: Iterable<FileEntry>): Uint8Array {
  return writeCpio(new FileTree(entries).entries())
}
