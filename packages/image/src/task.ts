import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What a long operation is doing.
 *
 * | phase | item | done, total |
 * |---|---|---|
 * | `wait` | who holds the cache's lock | seconds waited |
 * | `download` | a package or an index | bytes |
 * | `index` | the index that is being read | bytes |
 * | `unpack` | the package that is being unpacked | bytes of its compressed data |
 * | `corrupt` | a file of the cache that is damaged and was discarded | 0 |
 * | `offline` | why the mirror was not asked; what the cache has is used | 0 |
 */
export interface ImageProgress {
  readonly phase: 'wait' | 'download' | 'index' | 'unpack' | 'corrupt' | 'offline'
  readonly item: string
  readonly done: number
  readonly total?: number
}

export type ProgressListener = (event: ImageProgress) => void

/** What every long operation takes. */
export interface Task {
  /** Ends the operation early; it then rejects with the signal's reason, and what was downloaded so far is kept for the next time. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ProgressListener | undefined
}

/** Waits; rejects with the signal's reason as soon as it is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
