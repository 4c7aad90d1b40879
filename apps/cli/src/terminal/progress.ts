import { formatSize } from '../size.ts'
import type { ImageProgress } from '@strata/image'

const barWidth = 24
/** Milliseconds between two paintings. */
const pace = 100

const verbs: Readonly<Record<ImageProgress['phase'], string>> = {
  wait: 'waiting for',
  download: 'downloading',
  index: 'reading',
  unpack: 'unpacking',
  corrupt: 'discarding damaged',
  offline: 'offline:',
}

/** One line, at most `columns` wide, that shows how far an operation has come. */
export const progressLine = ({ phase, item, done, total }: ImageProgress, columns: number): string => {
  const verb = verbs[phase]
  let amount = ''
  if (phase === 'wait') amount = ` ${done} s`
  else if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total)
    const filled = Math.round(share * barWidth)
    amount = ` [${'='.repeat(filled)}${' '.repeat(barWidth - filled)}] ${Math.floor(share * 100)} % of ${formatSize(total)}`
  } else if (done > 0) amount = ` ${formatSize(done)}`
  const room = columns - 1 - verb.length - amount.length - 1
  if (room < 4) return `${verb}${amount}`.slice(0, Math.max(0, columns - 1))
  return `${verb} ${item.length > room ? `…${item.slice(item.length - room + 1)}` : item}${amount}`
}

export interface Progress {
  readonly show: (event: ImageProgress) => void
  /** Takes the line away again. */
  readonly clear: () => void
}

/** Shows progress on a terminal, in one line that paints over itself; says nothing elsewhere. */
export const progressOn = (output: NodeJS.WriteStream, now: () => number = () => performance.now()): Progress => {
  if (!output.isTTY) return { show: () => undefined, clear: () => undefined }
  let last = -Infinity
  let shown = false
  return {
    show: (event) => {
      const over = event.total !== undefined && event.done >= event.total
      if (now() - last < pace && !over) return
      last = now()
      shown = true
      output.write(`\r\x1b[K${progressLine(event, output.columns)}`)
    },
    clear: () => {
      if (shown) output.write('\r\x1b[K')
      shown = false
    },
  }
}
