/** A table with a heading for each column. The first column is text, the others are figures. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** For a terminal: columns aligned, figures to the right. */
export const plainTable = ({ columns, rows }: Table): string => {
  const widths = columns.map((heading, column) => Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    widths.map((width, column) => (column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join('  ').trimEnd()
  return [line(columns), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** For a document, in Markdown. */
export const markdownTable = ({ columns, rows }: Table): string => {
  const line = (cells: readonly string[]): string => `| ${columns.map((_, column) => (cells[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), `|${columns.map((_, column) => (column === 0 ? '---|' : '--:|')).join('')}`, ...rows.map(line)].join('\n')
}
