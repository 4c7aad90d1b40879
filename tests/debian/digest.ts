import { createHash } from 'node:crypto'
import { encodeState } from '@strata/machine'
import type { VirtBoard } from '@strata/emulator'

/** Stands for all of a board's state: memory, CPUs, devices, time. */
export const digest = (board: VirtBoard): string => createHash('sha256').update(encodeState(board.save())).digest('hex')
