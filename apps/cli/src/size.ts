import { StrataError } from './errors.ts'

const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** Bytes written as a number with K, M or G (of 1024) behind it: `512M`. Throws `ERR_OPTION`. */
export const parseSize = (text: string): number => {
  const [, digits = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?)([KMG]?)(?:i?B)?$/i.exec(text) ?? []
  const bytes = Number(digits) * (units[unit.toUpperCase()] ?? NaN)
  if (digits === '' || !Number.isSafeInteger(bytes) || bytes === 0) {
    throw new StrataError('ERR_OPTION', `a size is a number with K, M or G behind it, such as 512M, not '${text}'`)
  }
  return bytes
}

/** Bytes for people: `52.4 MB`, in units of 1000 as networks and disks count. */
export const formatSize = (bytes: number): string => {
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`
  }
  return `${bytes} B`
}
