import type { Summary } from './statistics.ts'

/** A number with three significant digits, and never an exponent: `0.0123`, `1.50`, `312`. */
export const figure = (value: number): string => {
  if (value === 0) return '0'
  const magnitude = Math.floor(Math.log10(Math.abs(value)))
  return value.toFixed(Math.min(6, Math.max(0, 2 - magnitude)))
}

/** Median and, in parentheses, least and greatest. A single measurement has no spread. */
export const spread = ({ count, median, minimum, maximum }: Summary): string =>
  count === 1 ? figure(median) : `${figure(median)} (${figure(minimum)}–${figure(maximum)})`
