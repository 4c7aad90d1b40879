import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license?: string
  readonly engines?: { readonly node?: string }
  readonly files?: readonly string[]
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly publishConfig?: { readonly access?: string; readonly exports?: Readonly<Record<string, unknown>> }
  readonly dependencies?: Readonly<Record<string, string>>
}

export interface WorkspacePackage {
  /** Relative to the root: `packages/machine`. */
  readonly folder: string
  readonly path: string
  readonly manifest: Manifest
}

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** Every package that is published. */
export const publicPackages: readonly WorkspacePackage[] = ['packages', 'apps']
  .flatMap(parent => readdirSync(join(root, parent)).map(name => `${parent}/${name}`))
  .filter(folder => existsSync(join(root, folder, 'package.json')))
  .map(folder => ({ folder, path: join(root, folder), manifest: readManifest(join(root, folder)) }))
  .filter(({ manifest }) => manifest.private !== true)

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** Files that belong to the repository: tracked, or about to be; relative to the root. */
export function repositoryFiles(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(path => path !== '' && existsSync(join(root, path)))
}
