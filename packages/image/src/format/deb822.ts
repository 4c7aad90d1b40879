/**
 * Paragraphs of "Field: value" lines, as in control files, package indexes and deb822 sources (deb822(5)). Field names are given in
 * lower case; a value's continuation lines are joined with newlines, without their leading space. Comment lines (`#`) are left out.
 */
export function* parseDeb822(text: string): Generator<Map<string, string>> {
  let paragraph = new Map<string, string>()
  let field = ''
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    if (line.trim() === '') {
      if (paragraph.size > 0) yield paragraph
      paragraph = new Map()
      field = ''
    } else if (/^[ \t]/.test(line)) {
      if (field !== '') paragraph.set(field, `${paragraph.get(field) ?? ''}\n${line.trim()}`)
    } else {
      const colon = line.indexOf(':')
      if (colon < 0) continue
      field = line.slice(0, colon).toLowerCase()
      paragraph.set(field, line.slice(colon + 1).trim())
    }
  }
  if (paragraph.size > 0) yield paragraph
}
