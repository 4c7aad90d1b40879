import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FileTree } from '@strata/image'
import type { FileEntry } from '@strata/image'

/** Writes a root filesystem into a new `folder`. Needs to be root, for the devices. */
export const writeTree = async (entries: Iterable<FileEntry>, folder: string): Promise<void> => {
  await rm(folder, { recursive: true, force: true })
  // The tree has resolved what leads through links, so no path leaves the folder while links are made last.
  const all = new FileTree(entries).entries()
  for (const entry of all) {
    const path = join(folder, entry.path)
    if (entry.type === 'directory') await mkdir(path, { recursive: true })
    if (entry.type !== 'file') continue
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, entry.data)
    await chmod(path, entry.mode ?? 0o644)
  }
  for (const entry of all) if (entry.type === 'hardlink') await link(join(folder, entry.target), join(folder, entry.path))
  for (const entry of all) if (entry.type === 'symlink') await symlink(entry.target, join(folder, entry.path))
  await mkdir(join(folder, 'dev'), { recursive: true })
  for (const [name, minor] of [['null', 3], ['zero', 5], ['urandom', 9]] as const) execFileSync('mknod', ['-m', '666', join(folder, 'dev', name), 'c', '1', String(minor)])
}
