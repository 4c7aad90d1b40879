import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../errors.ts'

/**
 * Makes a folder and those it is in, where they are missing. Node's own recursive `mkdir` never returns where a file
 * system refuses new entries with ENOENT, as /proc does.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await made(path)) return
  await makeFolder(dirname(path))
  if (!await made(path)) await mkdir(path)
}

/** Whether the folder is there now; not if the one it belongs into is missing. */
async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' && dirname(path) !== path) return false
    // Something is there; if it is no folder, whoever uses it as one finds out.
    if (code === 'EEXIST') return true
    throw error
  }
}
