/** One group of bars, one for each series; without a value, no bar. */
export interface ChartRow {
  readonly label: string
  readonly values: readonly (number | undefined)[]
}

export interface Chart {
  readonly title: string
  readonly series: readonly string[]
  readonly rows: readonly ChartRow[]
  /** A line across all bars: what they are compared with. */
  readonly reference: { readonly value: number; readonly label: string }
}

// Distinguishable for the colour-blind, on white as on grey (Okabe and Ito).
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9']
const bar = { height: 14, gap: 2, rowGap: 12 } as const
const left = 130
const width = 760
const plot = width - left - 70
const top = 64

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The powers of ten, and twice and five times them, from the last not above `low` to the first not below `high`. */
export const logTicks = (low: number, high: number): readonly number[] => {
  const all: number[] = []
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    for (const step of [1, 2, 5]) all.push(Number((step * 10 ** exponent).toPrecision(1)))
  }
  const first = all.findLastIndex((tick) => tick <= low)
  const last = all.findIndex((tick) => tick >= high)
  return all.slice(Math.max(0, first), last + 1)
}

/** Horizontal bars on a logarithmic axis, as SVG: twice as fast is as far to the right as half as fast is to the left. */
export const renderChart = ({ title, series, rows, reference }: Chart): string => {
  const values = rows.flatMap((row) => row.values.filter((value) => value !== undefined)).concat(reference.value)
  const ticks = logTicks(Math.min(...values) * 0.6, Math.max(...values))
  const [low, high] = [Math.log(ticks[0]!), Math.log(ticks.at(-1)!)]
  const x = (value: number): number => Math.round((left + (plot * (Math.log(value) - low)) / (high - low)) * 10) / 10
  const rowHeight = series.length * (bar.height + bar.gap) + bar.rowGap
  const bottom = top + rows.length * rowHeight
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 40}" width="${width}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="12" y="22" font-size="15" font-weight="600">${escaped(title)}</text>`,
  ]
  let legend = 12
  series.forEach((name, index) => {
    parts.push(`<rect x="${legend}" y="34" width="12" height="12" fill="${colours[index % colours.length]!}"/><text x="${legend + 17}" y="44">${escaped(name)}</text>`)
    legend += 17 + name.length * 7 + 24
  })
  for (const tick of ticks) {
    parts.push(`<path d="M${x(tick)} ${top}V${bottom}" stroke="#dddddd"/><text x="${x(tick)}" y="${bottom + 16}" text-anchor="middle" fill="#555555">${tick}</text>`)
  }
  rows.forEach((row, index) => {
    const y = top + index * rowHeight + bar.rowGap / 2
    parts.push(`<text x="${left - 8}" y="${y + (rowHeight - bar.rowGap) / 2 + 4}" text-anchor="end">${escaped(row.label)}</text>`)
    row.values.forEach((value, which) => {
      if (value === undefined) return
      const from = Math.min(x(reference.value), x(value))
      const to = Math.max(x(reference.value), x(value))
      const barTop = y + which * (bar.height + bar.gap)
      parts.push(
        `<rect x="${from}" y="${barTop}" width="${Math.round((to - from) * 10) / 10}" height="${bar.height}" fill="${colours[which % colours.length]!}"/>`,
        value < reference.value
          ? `<text x="${from - 4}" y="${barTop + 11}" text-anchor="end">${value.toPrecision(2)}</text>`
          : `<text x="${to + 4}" y="${barTop + 11}">${value.toPrecision(2)}</text>`,
      )
    })
  })
  parts.push(
    `<path d="M${x(reference.value)} ${top - 4}V${bottom}" stroke="#000000" stroke-width="1.5"/>`,
    `<text x="${x(reference.value)}" y="${bottom + 32}" text-anchor="middle" font-weight="600">${escaped(reference.label)}</text>`,
    '</svg>',
  )
  return `${parts.join('\n')}\n`
}
