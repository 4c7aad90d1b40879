import { ImageFormatError } from '../errors.ts'
import { compareVersions } from './version.ts'

export type VersionOperator = '<<' | '<=' | '=' | '>=' | '>>'

/** One package of a relation field, such as `libc6 (>= 2.34)`. */
export interface Relation {
  readonly name: string
  readonly constraint: { readonly operator: VersionOperator, readonly version: string } | undefined
}

const pattern = /^([^\s(:[<]+)(?::([a-z0-9-]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?$/

/**
 * A relation field (Debian Policy 7.1): all of the outer list, any of the inner ones. Architecture qualifiers (`:any`, `:native`) are
 * dropped, as there is one architecture only.
 * @throws ImageFormatError when it is none
 */
export function parseRelations(field: string): Relation[][] {
  const groups: Relation[][] = []
  for (const group of field.split(',')) {
    if (group.trim() === '') continue
    groups.push(group.split('|').map((alternative) => parseRelation(alternative.trim())))
  }
  return groups
}

function parseRelation(text: string): Relation {
  const match = pattern.exec(text)
  const name = match?.[1]
  if (match === null || name === undefined) {
    throw new ImageFormatError(`expected a relation to a package, such as "libc6 (>= 2.34)", got ${JSON.stringify(text)}`)
  }
  const version = match[4]
  if (version === undefined) return { name, constraint: undefined }
  return { name, constraint: { operator: operatorOf(match[3]), version } }
}

// `<` and `>` are old spellings of `<=` and `>=`.
function operatorOf(text: string | undefined): VersionOperator {
  switch (text) {
    case '<<': case '<=': case '=': case '>=': case '>>': return text
    case '<': return '<='
    case '>': return '>='
    default: return '='
  }
}

/** Whether `version` is within the relation's constraint. */
export function satisfies(version: string, relation: Relation): boolean {
  if (relation.constraint === undefined) return true
  const order = compareVersions(version, relation.constraint.version)
  switch (relation.constraint.operator) {
    case '<<': return order < 0
    case '<=': return order <= 0
    case '=': return order === 0
    case '>=': return order >= 0
    case '>>': return order > 0
  }
}

export function formatRelation(relation: Relation): string {
  return relation.constraint === undefined ? relation.name : `${relation.name} (${relation.constraint.operator} ${relation.constraint.version})`
}
