/** What a handful of repeated measurements say. All in the unit of the measurements. */
export interface Summary {
  readonly count: number
  readonly median: number
  readonly minimum: number
  readonly maximum: number
}

const sorted = (values: readonly number[]): readonly number[] => {
  if (values.length === 0) throw new RangeError('a summary needs at least one value')
  const bad = values.find((value) => !Number.isFinite(value))
  if (bad !== undefined) throw new RangeError(`a summary is of finite numbers, not ${bad}`)
  return [...values].sort((a, b) => a - b)
}

/** The middle value; between two middle ones, their mean. Throws `RangeError` without values or for one that is no number. */
export const median = (values: readonly number[]): number => {
  const order = sorted(values)
  const middle = order.length >> 1
  return order.length % 2 === 1 ? order[middle]! : (order[middle - 1]! + order[middle]!) / 2
}

/** Throws `RangeError` like `median`. */
export const summarize = (values: readonly number[]): Summary => {
  const order = sorted(values)
  return { count: order.length, median: median(order), minimum: order[0]!, maximum: order[order.length - 1]! }
}

/** The mean of ratios: n-th root of the product. Throws `RangeError` without values, or for one that is not positive. */
export const geometricMean = (values: readonly number[]): number => {
  if (values.some((value) => !(value > 0))) throw new RangeError('a geometric mean is of positive numbers')
  return Math.exp(sorted(values).reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/**
 * Ratios of what was measured in the same round: what disturbed a round disturbed both, so these spread less than
 * ratios of medians. Throws `RangeError` unless both have the same number of rounds, at least one.
 */
export const pairedRatios = (numerators: readonly number[], denominators: readonly number[]): Summary => {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`rounds must be paired, not ${numerators.length} with ${denominators.length}`)
  }
  return summarize(numerators.map((value, round) => value / denominators[round]!))
}
