import { expect, test } from 'vitest'
import { logTicks, renderChart } from '../src/chart.ts'
import { figure, spread } from '../src/figures.ts'
import { markdownTable, plainTable } from '../src/table.ts'
import type { Chart } from '../src/chart.ts'

test.each([
  [0, '0'], [0.01234, '0.0123'], [0.5, '0.500'], [1, '1.00'], [9.994, '9.99'], [12.345, '12.3'], [312.4, '312'], [1234567, '1234567'],
  [0.0000001, '0.000000'], [-2.5, '-2.50'],
])('%d reads %s', (value, text) => {
  expect(figure(value)).toBe(text)
})

test('a spread is shown where there is one', () => {
  expect(spread({ count: 1, median: 2, minimum: 2, maximum: 2 })).toBe('2.00')
  expect(spread({ count: 3, median: 2, minimum: 1.5, maximum: 30 })).toBe('2.00 (1.50–30.0)')
})

const table = { columns: ['kernel', 's'], rows: [['sha256', '1.20'], ['a|b', '312'], ['none']] }

test('a table for a terminal has figures to the right', () => {
  expect(plainTable(table).split('\n')).toEqual([
    'kernel     s',
    '──────  ────',
    'sha256  1.20',
    'a|b      312',
    'none',
  ])
})

test('a table for a document keeps its columns', () => {
  expect(markdownTable(table).split('\n')).toEqual([
    '| kernel | s |',
    '|---|--:|',
    '| sha256 | 1.20 |',
    String.raw`| a\|b | 312 |`,
    '| none |  |',
  ])
})

test.each([
  [0.09, 3.2, [0.05, 0.1, 0.2, 0.5, 1, 2, 5]],
  [0.2, 2, [0.2, 0.5, 1, 2]],
  [1, 1.1, [1, 2]],
  [0.0004, 0.03, [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05]],
])('an axis from %d to %d', (low, high, ticks) => {
  expect(logTicks(low, high)).toEqual(ticks)
})

const chart: Chart = {
  title: 'Speed & <more>',
  series: ['ours', 'theirs'],
  rows: [{ label: 'half', values: [0.5, 1] }, { label: 'twice', values: [2, undefined] }],
  reference: { value: 1, label: 'QEMU' },
}

/** The bars: rectangles with a colour of a series that are as high as bars are. */
const bars = (svg: string): { from: number; width: number }[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14"/g)].map(([, from, width]) => ({ from: Number(from), width: Number(width) }))

test('bars go from the reference, half to the left as far as twice to the right', () => {
  const [half, same, twice, ...others] = bars(renderChart(chart))
  expect(others).toEqual([])
  expect(same!.width).toBe(0)
  expect(half!.from + half!.width).toBeCloseTo(same!.from, 1)
  expect(twice!.from).toBe(same!.from)
  expect(twice!.width).toBeCloseTo(half!.width, 0)
  expect(half!.width).toBeGreaterThan(10)
})

test('a chart is well-formed, whatever the names', () => {
  const svg = renderChart(chart)
  expect(svg).toContain('Speed &amp; &lt;more&gt;')
  expect(svg.match(/&(?!amp;|lt;|gt;|quot;)/g)).toBeNull()
  const open = [...svg.matchAll(/<(svg|title|text)\b/g)].length
  expect([...svg.matchAll(/<\/(svg|title|text)>/g)].length).toBe(open)
})
