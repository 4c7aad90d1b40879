import { DebianArchive, imageNames, listImages, openCache, pullImage, removeImage } from '@strata/image'
import { StrataError } from '../errors.ts'
import { formatSize } from '../size.ts'
import { progressOn } from '../terminal/progress.ts'
import { writeTo } from '../terminal/standard-output.ts'
import { catchInterrupts } from './interrupts.ts'

/** Names of images, for help and completion. */
export const images: readonly string[] = imageNames

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('')
}

/** `strata image pull`: asks the mirror for present versions, and says what was obtained. */
export const pull = async (name: string): Promise<void> => {
  const interrupts = catchInterrupts()
  const progress = progressOn(process.stderr)
  try {
    const archive = new DebianArchive({ cache: await openCache(), signal: interrupts.signal, onProgress: progress.show })
    const image = await pullImage(name, archive, { refresh: true })
    progress.clear()
    await writeTo(process.stdout, `${image.name}: Linux ${image.kernelVersion} for ${image.architecture}, from ${image.sources.map((source) => `${source.package} ${source.version}`).join(', ')}\n`)
  } catch (error) {
    throw interrupts.signal.aborted ? interrupts.signal.reason : error
  } finally {
    progress.clear()
    interrupts.dispose()
  }
}

/** `strata image ls` */
export const list = async (options: { readonly json?: boolean }): Promise<void> => {
  const found = await listImages(await openCache())
  if (options.json === true) {
    await writeTo(process.stdout, `${JSON.stringify(found, undefined, 2)}\n`)
    return
  }
  if (found.length === 0) {
    await writeTo(process.stdout, 'no images yet: strata image pull debian\n')
    return
  }
  const rows = found.map(({ name, suite, architecture, size, assembled }) => [name, suite, architecture, formatSize(size), new Date(assembled).toISOString().slice(0, 16).replace('T', ' ')])
  await writeTo(process.stdout, table([['IMAGE', 'SUITE', 'ARCHITECTURE', 'SIZE', 'PULLED (UTC)'], ...rows]))
}

/** `strata image rm` */
export const remove = async (name: string): Promise<void> => {
  const freed = await removeImage(await openCache(), name)
  if (freed === undefined) throw new StrataError('ERR_IMAGE_UNKNOWN', `there is no image '${name}' in the cache: strata image ls shows what is there`)
  await writeTo(process.stdout, `${name}: removed, ${formatSize(freed)} freed\n`)
}
