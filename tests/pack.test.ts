import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publicPackages, root, type Manifest, type WorkspacePackage } from './workspace.ts'

const execute = promisify(execFile)
const bin = join(root, 'node_modules/.bin')

/** Runs a command; when it fails the error shows all it printed. */
async function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  try {
    return (await execute(command, args, { cwd, maxBuffer: 1 << 26 })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
  }
}

/** A package's tarball, and what was in it. */
interface Packed {
  readonly tarball: string
  readonly files: readonly string[]
  readonly manifest: Manifest
}

const packed = new Map<string, Packed>()
let folder = ''

async function pack({ path, manifest }: WorkspacePackage): Promise<Packed> {
  const printed = await run(path, join(bin, 'pnpm'), ['pack', '--json', '--pack-destination', folder])
  const { filename } = JSON.parse(printed) as { filename: string }
  const files = (await run(folder, 'tar', ['-tzf', filename])).split('\n').filter(line => line !== '')
  const text = await run(folder, 'tar', ['-xzOf', filename, 'package/package.json'])
  expect(manifest.name).toBe((JSON.parse(text) as Manifest).name)
  return { tarball: filename, files: files.map(file => file.replace(/^package\//, '')), manifest: JSON.parse(text) as Manifest }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strata-pack-'))
  await run(root, join(bin, 'tsc'), ['-b', ...publicPackages.map(({ folder }) => folder)])
  for (const one of publicPackages) packed.set(one.manifest.name, await pack(one))
}, 300_000)

afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

/** The package itself and, transitively, what it needs of this workspace. */
function closure(name: string): string[] {
  const seen = new Set<string>()
  const visit = (one: string): void => {
    const found = packed.get(one)
    if (!found || seen.has(one)) return
    seen.add(one)
    Object.keys(found.manifest.dependencies ?? {}).forEach(visit)
  }
  visit(name)
  return [...seen]
}

describe.each(publicPackages.map(one => ({ ...one, name: one.manifest.name })))('$name', ({ name, path }) => {
  let consumer = ''
  const one = (): Packed => {
    const found = packed.get(name)
    if (!found) throw new Error(`${name} was not packed`)
    return found
  }

  test('publishes what was built, and neither sources nor tests', () => {
    const { files, manifest } = one()
    expect(files).toEqual(expect.arrayContaining(['package.json', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']))
    expect(files.filter(file => /^(src|test|bench)\/|\.test\.|tsbuildinfo|(?<!\.d)\.ts$/.test(file))).toEqual([])
    expect(JSON.stringify(manifest.exports)).not.toContain('strata-source')
    expect(Object.values(manifest.dependencies ?? {}).filter(range => range.startsWith('workspace:'))).toEqual([])
  })

  test('installs into an empty folder and exports something', async () => {
    consumer = join(folder, `consumer-${name.replace(/\W/g, '-')}`)
    mkdirSync(consumer)
    writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
    const tarballs = closure(name).map(each => packed.get(each)?.tarball ?? each)
    await run(consumer, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', ...tarballs])
    const program = `import * as all from '${name}'; console.log(JSON.stringify(Object.keys(all)))`
    const names = JSON.parse(await run(consumer, process.execPath, ['--input-type=module', '-e', program])) as string[]
    expect(names.length).toBeGreaterThan(0)
  }, 300_000)

  test('its types stand alone, without DOM', async () => {
    const usesNode = readFileSync(join(path, 'tsconfig.json'), 'utf8').includes('"node"')
    if (usesNode) {
      mkdirSync(join(consumer, 'node_modules/@types'), { recursive: true })
      symlinkSync(join(root, 'node_modules/@types/node'), join(consumer, 'node_modules/@types/node'))
    }
    writeFileSync(join(consumer, 'consumer.ts'), `import * as all from '${name}'\nexport const names: string[] = Object.keys(all)\n`)
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({
      compilerOptions: {
        noEmit: true, strict: true, module: 'nodenext', target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: usesNode ? ['node'] : [],
      },
      files: ['consumer.ts'],
    }))
    await run(consumer, join(bin, 'tsc'), ['-p', '.'])
  })

  test('its commands start', async () => {
    for (const command of Object.keys(one().manifest.bin ?? {})) {
      expect((await run(consumer, join(consumer, 'node_modules/.bin', command), ['--version'])).trim()).toBe(one().manifest.version)
    }
  })
})
