import { debianBoard, host, loadDebian } from './board.ts'
import type { StopReason } from '@strata/machine'

export interface Boot {
  readonly reason: StopReason
  readonly retired: number
  readonly output: string
  readonly shared: boolean
}

/** Boots, in a page or in Node, what `file` yields. */
export const bootDebian = async (file: (name: 'kernel' | 'initramfs') => Promise<Uint8Array>): Promise<Boot> => {
  const made = debianBoard()
  loadDebian(made, { kernel: await file('kernel'), initramfs: await file('initramfs') })
  const reason = await made.board.machine.run({ host })
  return { reason, retired: made.board.machine.retired, output: made.console.text, shared: made.board.memory.shared }
}

/** In a page, from where it came. */
export const bootDownloaded = (): Promise<Boot> =>
  bootDebian(async (name) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer()))
