import { ESLint } from 'eslint'
import { expect, test } from 'vitest'
import { publicPackages, root } from './workspace.ts'

const eslint = new ESLint({ cwd: root })

/** The rules that `text` breaks when it is the content of the existing file `path`. */
async function broken(path: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: `${root}/${path}` })
  return results.flatMap(({ messages }) => messages).map(({ ruleId, message }) => `${ruleId ?? 'parser'}: ${message}`)
}

const boundary = (message: string): unknown => expect.arrayContaining([expect.stringContaining(`strata/boundaries: ${message}`)])

test.each([
  ['packages/emulator/src/index.ts', '@strata/paravirt', '@strata/emulator may import only @strata/machine'],
  ['packages/emulator/src/index.ts', '@strata/image', '@strata/emulator may import only @strata/machine'],
  ['packages/paravirt/src/index.ts', '@strata/emulator', '@strata/paravirt may import only @strata/machine'],
  ['packages/machine/src/index.ts', '@strata/emulator', '@strata/machine may import no other package'],
  ['packages/image/src/index.ts', '@strata/machine', '@strata/image may import no other package'],
  ['packages/image/src/index.ts', 'strata', '@strata/image may import no other package'],
  ['packages/machine/src/index.ts', 'node:fs', '@strata/machine runs in browsers too'],
  ['packages/emulator/src/index.ts', 'fs', '@strata/emulator runs in browsers too'],
  ['packages/paravirt/src/index.ts', 'node:buffer', '@strata/paravirt runs in browsers too'],
  ['packages/emulator/src/index.ts', '@strata/machine/src/bus.ts', '@strata/machine/src/bus.ts is internal to @strata/machine'],
  ['packages/emulator/src/index.ts', '../../machine/src/bus.ts', 'sources import nothing outside of their src by path'],
  ['packages/machine/src/index.ts', '../test/fixture.ts', 'sources import nothing outside of their src by path'],
  ['apps/cli/src/index.ts', '@strata/machine/dist/bus.js', '@strata/machine/dist/bus.js is internal to @strata/machine'],
  ['apps/cli/src/index.ts', 'typescript', 'typescript is not among the dependencies of strata'],
  ['tests/workspace.ts', '../packages/machine/src/bus.ts', 'import other packages by their name'],
])('%s must not import %s', async (file, specifier, message) => {
  for (const statement of [`import '${specifier}'`, `export * from '${specifier}'`, `await import('${specifier}')`]) {
    expect(await broken(file, `${statement}\n`), statement).toEqual(boundary(message))
  }
  expect(await broken(file, `export type Thing = import('${specifier}').Thing\n`)).toEqual(boundary(message))
})

test.each([
  ['packages/emulator/src/index.ts', '@strata/machine'],
  ['packages/paravirt/src/index.ts', '@strata/machine'],
  ['packages/image/src/index.ts', 'node:fs'],
  ['apps/cli/src/index.ts', '@strata/emulator'],
  ['apps/cli/src/index.ts', '@strata/image'],
  ['tests/workspace.ts', 'strata'],
])('%s may import %s', async (file, specifier) => {
  expect(await broken(file, `import '${specifier}'\n`)).toEqual([])
})

test('a cycle of imports is an error', async () => {
  const [machine] = publicPackages.filter(({ manifest }) => manifest.name === '@strata/machine')
  expect(machine).toBeDefined()
  // index.ts exports webassembly.ts; importing it back closes the circle.
  const text = 'import { webAssembly } from \'./index.ts\'\nexport const again: unknown = webAssembly\n'
  expect(await broken('packages/machine/src/webassembly.ts', text))
    .toEqual(expect.arrayContaining([expect.stringContaining('import-x/no-cycle')]))
})

test('a rule cannot be switched off inside a file', async () => {
  const text = '// eslint-disable-next-line strata/boundaries\nimport \'node:fs\'\n'
  expect(await broken('packages/machine/src/index.ts', text)).toEqual(boundary('@strata/machine runs in browsers too'))
})

test('the types are known to the rules', async () => {
  const text = 'export async function late(): Promise<void> {\n  await Promise.resolve()\n}\nlate()\n'
  expect(await broken('packages/machine/src/index.ts', text))
    .toEqual(expect.arrayContaining([expect.stringContaining('@typescript-eslint/no-floating-promises')]))
})
