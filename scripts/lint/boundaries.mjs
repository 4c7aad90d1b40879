// An ESLint rule that keeps the packages apart: who may import whom, and that everybody comes in by the front door.
import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

/**
 * Which of the workspace's packages a package may import; a package that is not named here composes and may import all.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const mayImport = {
  '@strata/machine': [],
  '@strata/image': [],
  '@strata/partition': [],
  '@strata/emulator': ['@strata/machine'],
  '@strata/vmm': ['@strata/machine'],
  '@strata/paravirt': ['@strata/machine'],
}

/** Packages whose sources also run in a browser. */
const withoutNode = ['@strata/machine', '@strata/emulator', '@strata/paravirt']

/**
 * @typedef {{
 *   name: string
 *   exports?: Readonly<Record<string, unknown>> | string
 *   dependencies?: Readonly<Record<string, string>>
 *   devDependencies?: Readonly<Record<string, string>>
 *   peerDependencies?: Readonly<Record<string, string>>
 *   optionalDependencies?: Readonly<Record<string, string>>
 * }} Manifest
 * @typedef {{ folder: string, manifest: Manifest }} Package
 * @typedef {Extract<Parameters<import('eslint').Rule.RuleContext['report']>[0], { node: unknown }>['node']} ReportedNode
 */

/**
 * The package a file belongs to: the nearest folder above it with a package.json.
 * @param {string} file
 * @returns {Package | undefined}
 */
function packageOf(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (existsSync(path)) return { folder, manifest: /** @type {Manifest} */ (JSON.parse(readFileSync(path, 'utf8'))) }
    if (folder === dirname(folder)) return undefined
  }
}

/** @param {string} name */
const isOurs = name => name === 'strata' || name.startsWith('@strata/')

/**
 * What is wrong with an import, or undefined.
 * @param {string} specifier
 * @param {string} file
 * @param {Package} self
 * @returns {string | undefined}
 */
function complaint(specifier, file, { folder, manifest }) {
  const { name } = manifest
  const inside = relative(folder, file).split(sep)
  const isSource = inside[0] === 'src'
  if (specifier.startsWith('.')) {
    const target = relative(isSource ? join(folder, 'src') : folder, resolve(dirname(file), specifier))
    if (!target.startsWith('..')) return undefined
    return isSource ? 'sources import nothing outside of their src by path; import a package by its name'
      : 'import other packages by their name, not by a path into their internals'
  }
  if (isBuiltin(specifier)) {
    return isSource && withoutNode.includes(name)
      ? `${name} runs in browsers too: what the host provides comes in through a port, not from ${specifier}` : undefined
  }
  const parts = specifier.split('/')
  const imported = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  if (isOurs(imported)) {
    const allowed = mayImport[name]
    if (allowed && imported !== name && !allowed.includes(imported)) {
      return `${name} may import ${allowed.length > 0 ? `only ${allowed.join(', ')}` : 'no other package'} of the workspace, not ${imported}`
    }
    if (specifier !== imported && !isExported(imported, `.${specifier.slice(imported.length)}`, folder)) {
      return `${specifier} is internal to ${imported}; import what its package.json exports`
    }
  }
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
  if (isSource && imported !== name && !(imported in declared)) {
    return `${imported} is not among the dependencies of ${name}`
  }
  return undefined
}

/**
 * @param {string} name
 * @param {string} subpath
 * @param {string} from
 */
function isExported(name, subpath, from) {
  const path = join(from, 'node_modules', name, 'package.json')
  if (!existsSync(path)) return false
  const { exports } = /** @type {Manifest} */ (JSON.parse(readFileSync(path, 'utf8')))
  return typeof exports === 'object' && subpath in exports
}

/** @type {import('eslint').Rule.RuleModule} */
export const boundaries = {
  meta: { type: 'problem', docs: { description: 'keeps the dependency rules of the workspace' }, schema: [] },
  create(context) {
    const self = packageOf(context.filename)
    if (!self) return {}
    /** @param {ReportedNode | null | undefined} node the module specifier; one that is computed cannot be judged */
    const check = node => {
      if (node?.type !== 'Literal' || !('value' in node) || typeof node.value !== 'string') return
      const message = complaint(node.value, context.filename, self)
      if (message !== undefined) context.report({ node, message })
    }
    return {
      ImportDeclaration: node => { check(node.source) },
      ExportNamedDeclaration: node => { check(node.source) },
      ExportAllDeclaration: node => { check(node.source) },
      ImportExpression: node => { check(node.source) },
      TSImportType: (/** @type {{ source?: ReportedNode }} */ node) => { check(node.source) },
    }
  },
}
