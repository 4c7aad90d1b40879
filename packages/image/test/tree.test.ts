import { describe, expect, it } from 'vitest'
import { FileTree, type FileEntry } from '../src/index.ts'

const file = (path: string, text = path): FileEntry => ({ type: 'file', path, data: new TextEncoder().encode(text) })
const directory = (path: string): FileEntry => ({ type: 'directory', path })
const link = (path: string, target: string): FileEntry => ({ type: 'symlink', path, target })
const paths = (tree: FileTree): string[] => tree.entries().map((entry) => entry.path)

describe('a tree', () => {
  it('has the directories that lead to its files, before them', () => {
    expect(paths(new FileTree([file('a/b/c'), file('a-b')]))).toEqual(['a', 'a-b', 'a/b', 'a/b/c'])
  })

  it('follows links in paths, wherever in the tree they point', () => {
    const tree = new FileTree([link('bin', 'usr/bin'), link('usr/lib64', '/lib'), file('bin/sh'), file('usr/lib64/ld.so'), link('a/up', '../../../x'), file('a/up/y')])
    expect(paths(tree)).toEqual(['a', 'a/up', 'bin', 'lib', 'lib/ld.so', 'usr', 'usr/bin', 'usr/bin/sh', 'usr/lib64', 'x', 'x/y'])
    expect(tree.get('bin/sh')).toMatchObject({ path: 'usr/bin/sh' })
    expect(tree.get('bin')).toMatchObject({ type: 'symlink' })
    expect(tree.get('nowhere/at/all')).toBeUndefined()
  })

  it('never leads out of itself', () => {
    expect(paths(new FileTree([link('etc', '/../../../../host'), file('etc/passwd')]))).toEqual(['etc', 'host', 'host/passwd'])
    for (const path of ['../x', '/x', 'a/../../x']) expect(() => new FileTree([file(path)])).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_FORMAT' }))
  })

  it('refuses links in a circle, and paths through files', () => {
    expect(() => new FileTree([link('a', 'b'), link('b', 'a'), file('a/x')])).toThrow(/40 symbolic links/)
    expect(() => new FileTree([file('a'), file('a/x')])).toThrow(/no directory/)
    expect(() => new FileTree([directory('a'), file('a')])).toThrow(/is a directory already/)
  })

  it('keeps a link to a directory when the directory comes, and a directory when a link comes', () => {
    expect(new FileTree([link('lib', 'usr/lib'), directory('lib'), file('lib/x')]).get('lib')).toMatchObject({ type: 'symlink' })
    expect(new FileTree([directory('lib'), file('lib/x'), link('lib', 'usr/lib')]).get('lib/x')).toMatchObject({ path: 'lib/x' })
  })

  it('replaces files, and keeps the content of hard links to them', () => {
    const tree = new FileTree([file('a', 'old'), { type: 'hardlink', path: 'b', target: 'a' }, { type: 'hardlink', path: 'c', target: 'b' }, file('a', 'new')])
    expect(tree.entries()).toMatchObject([
      { path: 'a', type: 'file', data: new TextEncoder().encode('new') },
      { path: 'b', type: 'file', data: new TextEncoder().encode('old') },
      { path: 'c', type: 'hardlink', target: 'b' },
    ])
    expect(() => new FileTree([{ type: 'hardlink', path: 'b', target: 'a' }])).toThrow(/no file of the tree/)
  })

  it('has hard links through linked directories point to the real place', () => {
    const tree = new FileTree([link('bin', 'usr/bin'), file('bin/perl'), { type: 'hardlink', path: 'bin/perl5', target: 'bin/perl' }])
    expect(tree.get('usr/bin/perl5')).toMatchObject({ type: 'hardlink', target: 'usr/bin/perl' })
  })
})
