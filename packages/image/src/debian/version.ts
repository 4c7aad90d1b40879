/**
 * Compares two Debian version numbers (Debian Policy 5.6.12): negative when `a` is earlier than `b`, positive when later, else 0.
 * `~` sorts before everything, even the end; letters before other characters; digits by value.
 */
export function compareVersions(a: string, b: string): number {
  const [epochA, upstreamA, revisionA] = split(a)
  const [epochB, upstreamB, revisionB] = split(b)
  return epochA - epochB || comparePart(upstreamA, upstreamB) || comparePart(revisionA, revisionB)
}

function split(version: string): [number, string, string] {
  const colon = version.indexOf(':')
  const epoch = colon < 0 ? 0 : Number.parseInt(version.slice(0, colon), 10) || 0
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return dash < 0 ? [epoch, rest, ''] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)]
}

function comparePart(a: string, b: string): number {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const order = rank(a, i) - rank(b, j)
      if (order !== 0) return order
      i++
      j++
    }
    const digitsA = /^\d*/.exec(a.slice(i))?.[0] ?? ''
    const digitsB = /^\d*/.exec(b.slice(j))?.[0] ?? ''
    i += digitsA.length
    j += digitsB.length
    // Dates and hashes may have more digits than a double can tell apart.
    const numberA = digitsA.replace(/^0+/, '')
    const numberB = digitsB.replace(/^0+/, '')
    if (numberA.length !== numberB.length) return numberA.length - numberB.length
    if (numberA !== numberB) return numberA < numberB ? -1 : 1
  }
  return 0
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code >= 48 && code <= 57
}

function rank(text: string, index: number): number {
  if (index >= text.length || isDigit(text, index)) return 0
  const code = text.charCodeAt(index)
  if (code === 0x7e) return -1
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? code : code + 256
}
