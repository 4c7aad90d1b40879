import { ImageDependencyError, ImageUnknownError } from '../errors.ts'
import type { DebianPackage, PackageIndex, Provider } from './package-index.ts'
import { formatRelation, parseRelations, satisfies, type Relation } from './relation.ts'
import { compareVersions } from './version.ts'

type Index = Pick<PackageIndex, 'find' | 'providers'>
type Selection = ReadonlyMap<string, DebianPackage>

/**
 * The packages that `names` need to be complete, themselves included, sorted by name: Pre-Depends and Depends, with versions, alternatives
 * and virtual packages. An alternative that is chosen already is preferred, then the first that can be had without a conflict.
 * Recommends are left out. A name may carry a version as in `busybox-static (>= 1.36)`.
 * @throws ImageUnknownError when a requested package does not exist
 * @throws ImageDependencyError when a relation cannot be fulfilled
 */
export function resolvePackages(index: Index, names: readonly string[]): DebianPackage[] {
  const universe = new Universe(index)
  let selection: Selection = new Map()
  for (const name of names) {
    const group = parseRelations(name)[0]
    const relation = group?.[0]
    if (group === undefined || relation === undefined) throw new ImageUnknownError(`expected the name of a package, got ${JSON.stringify(name)}`)
    if (candidates(universe, { ...relation, constraint: undefined }).length === 0) {
      throw new ImageUnknownError(`the archive has no package ${relation.name} for this architecture`)
    }
    selection = choose(universe, selection, group, 'the request')
  }
  return [...selection.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The index, with what was asked before remembered: the same relations come up again and again. */
class Universe {
  readonly #index: Index
  readonly #found = new Map<string, DebianPackage[]>()
  readonly #providers = new Map<string, Provider[]>()
  readonly #parsed = new Map<string, Relation[][]>()

  constructor(index: Index) {
    this.#index = index
  }

  find(name: string): DebianPackage[] {
    return remembered(this.#found, name, () => this.#index.find(name))
  }

  providers(name: string): Provider[] {
    return remembered(this.#providers, name, () => this.#index.providers(name))
  }

  relations(field: string): Relation[][] {
    return remembered(this.#parsed, field, () => parseRelations(field))
  }
}

function remembered<T>(memory: Map<string, T>, key: string, find: () => T): T {
  const known = memory.get(key)
  if (known !== undefined) return known
  const found = find()
  memory.set(key, found)
  return found
}

/** The selection with one of the alternatives in it. */
function choose(universe: Universe, selection: Selection, alternatives: readonly Relation[], wantedBy: string): Selection {
  if (alternatives.some((relation) => isSatisfied(universe, selection, relation))) return selection
  let failure: ImageDependencyError | undefined
  for (const relation of alternatives) {
    for (const candidate of candidates(universe, relation)) {
      try {
        return install(universe, selection, candidate)
      } catch (error) {
        if (!(error instanceof ImageDependencyError)) throw error
        failure ??= error
      }
    }
  }
  if (failure !== undefined) throw failure
  throw new ImageDependencyError(`${wantedBy} needs ${alternatives.map(formatRelation).join(' or ')}, which the archive does not have`)
}

function install(universe: Universe, selection: Selection, candidate: DebianPackage): Selection {
  const present = selection.get(candidate.name)
  if (present !== undefined) {
    throw new ImageDependencyError(`${candidate.name} is needed in version ${present.version} and in version ${candidate.version}`)
  }
  for (const other of selection.values()) {
    if (inConflict(universe, candidate, other) || inConflict(universe, other, candidate)) {
      throw new ImageDependencyError(`${candidate.name} ${candidate.version} and ${other.name} ${other.version} exclude each other`)
    }
  }
  // The package is in before its dependencies are looked at: they may need it in turn.
  let grown: Selection = new Map(selection).set(candidate.name, candidate)
  for (const group of universe.relations(candidate.depends)) grown = choose(universe, grown, group, `${candidate.name} ${candidate.version}`)
  return grown
}

function isSatisfied(universe: Universe, selection: Selection, relation: Relation): boolean {
  const real = selection.get(relation.name)
  if (real !== undefined && satisfies(real.version, relation)) return true
  return universe.providers(relation.name).some((provider) => selection.has(provider.name) && provides(provider.version, relation))
}

// A versioned relation is fulfilled by a versioned Provides only (Debian Policy 7.5).
function provides(version: string | undefined, relation: Relation): boolean {
  return relation.constraint === undefined || (version !== undefined && satisfies(version, relation))
}

/** What could be installed for a relation: the package itself, the latest version first, then those that provide it. */
function candidates(universe: Universe, relation: Relation): DebianPackage[] {
  const latestFirst = (list: DebianPackage[]): DebianPackage[] => list.toSorted((a, b) => compareVersions(b.version, a.version))
  const real = latestFirst(universe.find(relation.name).filter((found) => satisfies(found.version, relation)))
  const providers = universe.providers(relation.name).filter((provider) => provides(provider.version, relation))
  return [...real, ...providers.flatMap((provider) => latestFirst(universe.find(provider.name)).slice(0, 1))]
}

function inConflict(universe: Universe, a: DebianPackage, b: DebianPackage): boolean {
  if (a.conflicts === '') return false
  return universe.relations(a.conflicts).flat().some((relation) => {
    if (relation.name === b.name) return satisfies(b.version, relation)
    return universe.providers(relation.name).some((provider) => provider.name === b.name && provides(provider.version, relation))
  })
}
