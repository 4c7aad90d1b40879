import type { DebianPackage, PackageIndex } from '../debian/package-index.ts'
import { parseRelations, satisfies } from '../debian/relation.ts'
import { compareVersions } from '../debian/version.ts'
import { ImageUnknownError } from '../errors.ts'

/** The newest version of a package. */
export function newest(index: PackageIndex, name: string): DebianPackage {
  const found = index.find(name).sort((a, b) => compareVersions(b.version, a.version))[0]
  if (found === undefined) throw new ImageUnknownError(`the archive has no package ${name} for this architecture`)
  return found
}

/** The package with the suite's present kernel, which an empty package of a constant name depends on. */
export function presentLinuxImage(index: PackageIndex, architecture: string): DebianPackage {
  const flavour = architecture === 'ppc64el' ? 'powerpc64le' : architecture
  const meta = newest(index, `linux-image-${flavour}`)
  const relation = parseRelations(meta.depends).flat().find(({ name }) => /^linux-image-\d/.test(name))
  if (relation === undefined) throw new ImageUnknownError(`${meta.name} ${meta.version} depends on no linux-image-<release>`)
  const found = index.find(relation.name).find((candidate) => satisfies(candidate.version, relation))
  if (found === undefined) throw new ImageUnknownError(`the archive has no package ${relation.name} for this architecture`)
  return found
}
