import { describe, expect, test } from 'vitest'
import { geometricMean, median, pairedRatios, summarize } from '../src/statistics.ts'

test('a median is the middle value, whatever the order, or the mean of the two in the middle', () => {
  expect(median([3])).toBe(3)
  expect(median([9, 1, 2])).toBe(2)
  expect(median([100, 4, 2, 1])).toBe(3)
  // As text, 10 would come before 9.
  expect(median([9, 10, 8])).toBe(9)
})

test('a summary leaves the measurements as they are', () => {
  const values = [5, 1, 4]
  expect(summarize(values)).toEqual({ count: 3, median: 4, minimum: 1, maximum: 5 })
  expect(values).toEqual([5, 1, 4])
})

test('a geometric mean does not depend on which way round ratios are', () => {
  expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12)
  expect(geometricMean([2, 4, 8])).toBeCloseTo(4, 12)
  expect(1 / geometricMean([3, 5, 0.1])).toBeCloseTo(geometricMean([1 / 3, 1 / 5, 10]), 12)
})

test('ratios are made of values of the same round', () => {
  // A machine half as fast in the second round disturbs no ratio.
  expect(pairedRatios([2, 4, 2.2], [1, 2, 1])).toEqual({ count: 3, median: 2, minimum: 2, maximum: 2.2 })
})

describe('refuses', () => {
  test.each([
    ['no values', () => median([]), /at least one/],
    ['what is no number', () => summarize([1, Number.NaN]), /not NaN/],
    ['infinity', () => summarize([Infinity]), /not Infinity/],
    ['a ratio of nothing', () => geometricMean([1, 0]), /positive/],
    ['a mean of nothing', () => geometricMean([]), /at least one/],
    ['rounds that one lacks', () => pairedRatios([1, 2], [1]), /2 with 1/],
    ['a denominator of 0', () => pairedRatios([1], [0]), /not Infinity/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message)
    expect(call).toThrow(RangeError)
  })
})
