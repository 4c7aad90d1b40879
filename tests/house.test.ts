import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { publicPackages, readManifest, repositoryFiles, root } from './workspace.ts'

const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const files = repositoryFiles()
const code = files.filter(path => /\.(ts|mjs|js)$/.test(path))

/** A package's compiler options as tsc sees them. */
function compilerOptions(folder: string): ts.ParsedCommandLine {
  const path = join(root, folder, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, file => ts.sys.readFile(file)) as { config: unknown }
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path))
}

describe.each(publicPackages.map(one => ({ ...one, name: one.manifest.name })))('$name', ({ name, folder, manifest }) => {
  test('says what a registry and its users need to know', () => {
    expect(manifest).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      type: 'module',
      license: 'MIT',
      description: expect.stringMatching(/.{20}/),
      engines: readManifest(root).engines,
      publishConfig: { access: 'public' },
    })
    expect(Object.keys(manifest.publishConfig?.exports ?? {})).toEqual(Object.keys(manifest.exports ?? {}))
    const readme = text(`${folder}/README.md`)
    expect(readme).toMatch(new RegExp(`^# .*${name}`))
    expect(readme).toMatch(/^```ts$/m)
  })

  test('references the projects it depends on, and the root references it', () => {
    const ours = Object.keys(manifest.dependencies ?? {}).filter(each => publicPackages.some(one => one.manifest.name === each))
    const referenced = (compilerOptions(folder).projectReferences ?? []).map(({ path }) => readManifest(path).name)
    expect(referenced.sort()).toEqual(ours.sort())
    const all = (compilerOptions('.').projectReferences ?? []).map(({ path }) => path)
    expect(all).toContain(join(root, folder))
  })
})

test.each(['machine', 'emulator', 'paravirt'])('%s compiles without the types of Node or the DOM', name => {
  const { options } = compilerOptions(`packages/${name}`)
  expect(options.types).toEqual([])
  expect(options.lib).toEqual(['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'])
})

/** The code of a file without its comments: the tokens of which it is made. */
function tokens(source: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (node.getChildCount() === 0) found.push(node.getText())
    else node.getChildren().forEach(visit)
  }
  ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true).forEachChild(visit)
  return found
}

// A device-tree binding ("riscv,plic0") is the name of a device, and says nothing about the CPU beside it.
const isBinding = (token: string): boolean => /^(['"`])[a-z0-9]+,[\w.-]+\1$/.test(token)
const isaWord = /^(risc|riscv|rv\d+\w*|x86|i[3-6]86|amd64|x64|aarch64|arm64|powerpc|ppc\w*|power\d+|hart|csr|sbi|opensbi|papr|satp|[ms]status|vsstatus|mtvec|stvec)s?$/i

/** The words of ISAs in a file's code: `csrNumber` is made of `csr` and `Number`, `alarmStatus` of `alarm` and `Status`. */
function isaWords(source: string): string[] {
  return tokens(source)
    .filter(token => !isBinding(token))
    .flatMap(token => token.replaceAll(/\\x[0-9a-f]{2}/gi, ' ').replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').split(/[^A-Za-z\d]+/))
    .filter(word => isaWord.test(word))
}

test('machine contains no ISA word', () => {
  const found = files.filter(path => path.startsWith('packages/machine/src/')).flatMap(path =>
    isaWords(text(path)).map(word => `${path}: ${word}`))
  expect(found).toEqual([])
  expect(isaWords('// rv64\nconst csrNumber = \'riscv,plic0\', alarmStatus = \'an rv64gc hart\', mstatus = 3_686_400'))
    .toEqual(['csr', 'rv64gc', 'hart', 'mstatus'])
})

test('no test is left out or left alone', () => {
  const left = /\b(test|it|describe)\.(only|skip|todo)\b/
  expect(code.filter(path => path.endsWith('.test.ts') && path !== 'tests/house.test.ts' && left.test(text(path)))).toEqual([])
})

test('no file knows the machine it was written on', () => {
  const knows = (content: string): boolean =>
    /\/(?:home|Users)\/[a-z]/.test(content) || (root.split('/').length > 2 && content.includes(`${root}/`))
  const found = files.filter(path => !path.startsWith('tests/house.') && knows(text(path)))
  expect(found).toEqual([])
  expect(text('pnpm-lock.yaml')).not.toMatch(/https?:|tarball:/)
})

/** Files that are longer than can be read in one sitting, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
}

test('every long file has a reason, and every reason a long file', () => {
  const long = code.filter(path => text(path).split('\n').length > 500)
  expect(long.sort()).toEqual(Object.keys(longFiles).sort())
})

test('links between documents lead somewhere', () => {
  const broken = files.filter(path => path.endsWith('.md')).flatMap(path =>
    [...text(path).replace(/```.*?```/gs, '').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter(target => !existsSync(join(root, dirname(path), decodeURIComponent(target))))
      .map(target => `${path}: ${target}`))
  expect(broken).toEqual([])
})

test('changesets name packages that are published', () => {
  const names = files.filter(path => /^\.changeset\/(?!README)[^/]+\.md$/.test(path)).flatMap(path =>
    [...(text(path).split('---')[1] ?? '').matchAll(/^["']?([^"':]+)["']?:\s*(\S+)/gm)].map(([, name, bump]) => ({ path, name, bump })))
  const known = publicPackages.map(({ manifest }) => manifest.name)
  expect(names.filter(({ name, bump }) => !known.includes(name ?? '') || !/^(major|minor|patch|none)$/.test(bump ?? ''))).toEqual([])
})
