import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { compactIndex, PackageIndex } from '../src/debian/package-index.ts'
import { parseRelations } from '../src/debian/relation.ts'
import { compareVersions, resolvePackages } from '../src/index.ts'
import { run } from './support/compiled.ts'

const hash = 'ab'.repeat(32)

async function indexOf(packages: Record<string, Record<string, string>>): Promise<PackageIndex> {
  const text = Object.entries(packages).map(([key, fields]) => Object.entries({
    'Package': key.split('_')[0] ?? '', 'Version': key.split('_')[1] ?? '1.0', 'Architecture': 'riscv64', 'Size': '5', 'SHA256': hash, 'Filename': `pool/${key}.deb`, ...fields,
  }).map(([field, value]) => `${field}: ${value}\n`).join('')).join('\n')
  // In pieces that end in the midst of lines and characters.
  return new PackageIndex(await compactIndex(Readable.from(Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte))), 'test'))
}

const names = async (packages: Record<string, Record<string, string>>, wanted: string[]): Promise<string[]> =>
  resolvePackages(await indexOf(packages), wanted).map(({ name, version }) => (version === '1.0' ? name : `${name}_${version}`))

describe('Debian versions', () => {
  const pairs = [
    ['1.0', '1.0'], ['1.0', '1.1'], ['1.0~rc1', '1.0'], ['1.0~rc1', '1.0~rc2'], ['1.0~~', '1.0~'], ['1:0.1', '2.0'], ['0:1', '1'], ['1.0-1', '1.0-1+b1'],
    ['1.0-1', '1.0-10'], ['1.9', '1.10'], ['1.0a', '1.0'], ['1.0+', '1.0a'], ['1.0-1', '1.0'], ['2.41-12+deb13u4', '2.41-12'], ['1.0', '1.0-0'],
    ['20250803+deb13u7', '20250803'], ['1:1.3.dfsg+really1.3.1-1+b1', '1:1.3.dfsg-3'], ['1.001', '1.1'], ['7.0-a', '7.0-A'], ['1-2-3', '1-2-4'], ['10', '9'],
    ['99999999999999999999', '99999999999999999998'], ['a', '1'], ['1.', '1'], ['~', '1'], ['1.2.3~a.b', '1.2.3~a+b'],
  ] as const

  it.each(pairs)('%s and %s are ordered as dpkg orders them', async (a, b) => {
    const order = compareVersions(a, b)
    expect(Math.sign(compareVersions(b, a))).toBe(-Math.sign(order) + 0)
    const relation = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq'
    expect((await run('dpkg', ['--compare-versions', a, relation, b]).ended).code).toBe(0)
  })
})

describe('relations', () => {
  it('are parsed with versions, alternatives and qualifiers', () => {
    expect(parseRelations('a (>= 1.2~), b:any | c (<< 2:3), d(=1)')).toEqual([
      [{ name: 'a', constraint: { operator: '>=', version: '1.2~' } }],
      [{ name: 'b', constraint: undefined }, { name: 'c', constraint: { operator: '<<', version: '2:3' } }],
      [{ name: 'd', constraint: { operator: '=', version: '1' } }],
    ])
    expect(() => parseRelations('a (?? 1)')).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_FORMAT' }))
  })
})

describe('the package index', () => {
  it('finds packages, versions, providers and prefixes, and nothing else', async () => {
    const index = await indexOf({
      'a': { Essential: 'yes', Depends: 'b,\n c', Description: 'first\n second: no field' }, 'a_2.0': {}, 'ab': { Provides: 'v (= 3), w' }, 'a+b': {}, 'z': { Provides: 'v' },
    })
    expect(index.find('a').map((found) => [found.version, found.filename, found.sha256, found.size])).toEqual([['1.0', 'pool/a.deb', hash, 5], ['2.0', 'pool/a_2.0.deb', hash, 5]])
    expect(index.find('a')[0]).toMatchObject({ depends: 'b, c', essential: true })
    expect(index.find('aa')).toEqual([])
    expect(index.find('')).toEqual([])
    expect(index.find('zz')).toEqual([])
    expect(index.providers('v')).toEqual([{ name: 'ab', version: '3' }, { name: 'z', version: undefined }])
    expect(index.providers('w')).toEqual([{ name: 'ab', version: undefined }])
    expect(index.names('a')).toEqual(['a', 'a+b', 'ab'])
    expect(index.essential()).toEqual(['a'])
  })

  it('refuses a package without a hash, and a text that is none', async () => {
    await expect(indexOf({ a: { SHA256: '' } })).rejects.toMatchObject({ code: 'ERR_IMAGE_FORMAT', message: expect.stringContaining('SHA256') as string })
    expect(() => new PackageIndex(Buffer.from('something else'))).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_FORMAT' }))
  })
})

describe('resolving', () => {
  it('follows Depends and Pre-Depends, circles included', async () => {
    expect(await names({ 'a': { Depends: 'b' }, 'b': { 'Pre-Depends': 'c' }, 'c': { Depends: 'a' }, 'd': {} }, ['a'])).toEqual(['a', 'b', 'c'])
  })

  it('takes the latest version that fits', async () => {
    const packages = { 'a': { Depends: 'b (<< 3)' }, 'b_1.5': {}, 'b_2.10': {}, 'b_2.9': {}, 'b_3.0': {} }
    expect(await names(packages, ['a'])).toEqual(['a', 'b_2.10'])
    expect(await names(packages, ['b'])).toEqual(['b_3.0'])
    expect(await names(packages, ['b (= 1.5)'])).toEqual(['b_1.5'])
  })

  it('takes the first alternative that can be had, and one that is there already', async () => {
    const packages = { 'a': { Depends: 'x | y | z' }, 'y': { Depends: 'missing' }, 'z': {}, 'w': {} }
    expect(await names(packages, ['a'])).toEqual(['a', 'z'])
    expect(await names({ 'a': { Depends: 'y | z' }, 'y': {}, 'z': {} }, ['z', 'a'])).toEqual(['a', 'z'])
  })

  it('takes providers of virtual packages, with a version only where they have one', async () => {
    expect(await names({ 'a': { Depends: 'v' }, 'p': { Provides: 'v' } }, ['a'])).toEqual(['a', 'p'])
    expect(await names({ 'a': { Depends: 'v (>= 2)' }, 'p': { Provides: 'v' }, 'q': { Provides: 'v (= 2.1)' } }, ['a'])).toEqual(['a', 'q'])
    await expect(names({ 'a': { Depends: 'v (>= 2)' }, 'p': { Provides: 'v' } }, ['a'])).rejects.toMatchObject({ code: 'ERR_IMAGE_DEPENDENCY' })
  })

  it('does not install what excludes each other, and looks for another way', async () => {
    const packages = { 'a': {}, 'b': { Conflicts: 'a' }, 'c': { Depends: 'b | d' }, 'd': {}, 'e': { Breaks: 'v (<< 2)' }, 'f_1.0': { Provides: 'v (= 1)' }, 's': { Conflicts: 'v', Provides: 'v' } }
    expect(await names(packages, ['a', 'c'])).toEqual(['a', 'c', 'd'])
    await expect(names(packages, ['a', 'b'])).rejects.toMatchObject({ code: 'ERR_IMAGE_DEPENDENCY', message: expect.stringContaining('exclude') as string })
    await expect(names(packages, ['e', 'f'])).rejects.toMatchObject({ code: 'ERR_IMAGE_DEPENDENCY' })
    expect(await names(packages, ['s'])).toEqual(['s'])
  })

  it('names what is missing and who needs it', async () => {
    await expect(names({ a: { Depends: 'b (>= 2) | c' }, b: {} }, ['a'])).rejects.toMatchObject({
      code: 'ERR_IMAGE_DEPENDENCY', message: 'a 1.0 needs b (>= 2) or c, which the archive does not have',
    })
    await expect(names({}, ['nothing'])).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN' })
    await expect(names({}, [''])).rejects.toMatchObject({ code: 'ERR_IMAGE_UNKNOWN' })
  })
})
