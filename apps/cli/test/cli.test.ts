import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, strata } from './support/strata.ts'

const folder = mkdtempSync(join(tmpdir(), 'strata-cli-'))
/** An empty cache, and a mirror that nobody is at. */
const nowhere = { STRATA_CACHE: join(folder, 'cache'), STRATA_MIRROR: 'http://127.0.0.1:9/debian', http_proxy: '', HTTP_PROXY: '' }
beforeAll(build)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

test('help and version', async () => {
  const help = await strata(['--help'])
  expect(help.status).toBe(0)
  for (const word of ['run', 'image', 'doctor', 'completion', 'Examples:']) expect(help.stdout.toString()).toContain(word)
  expect((await strata([])).stdout.toString()).toContain('Usage: strata')
  expect((await strata(['run', '--help'])).stdout.toString()).toContain('--firmware')
  const version = await strata(['--version'])
  expect(version.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
})

describe('what is wrong with the command line is said in one line with a code, and the status is 125', () => {
  const cases: [string, string[], RegExp, string][] = [
    ['an option nobody knows', ['run', '--foo'], /--foo/, 'ERR_OPTION'],
    ['a command nobody knows', ['rnu'], /Did you mean run/, 'ERR_OPTION'],
    ['an image nobody knows', ['run', 'windows'], /debian, debian-installer/, 'ERR_OPTION'],
    ['a way that is none', ['run', '--as', 'magic'], /emulate/, 'ERR_OPTION'],
    ['a size that is none', ['run', '-m', '12Q'], /512M.*12Q/, 'ERR_OPTION'],
    ['too little memory', ['run', '-m', '1M'], /64M/, 'ERR_OPTION'],
    ['too much memory', ['run', '-m', '64G'], /64G/, 'ERR_OPTION'],
    ['a command without --', ['run', 'debian', 'uname'], /put -- before/, 'ERR_OPTION'],
    ['nothing behind --', ['run', '--'], /uname -a/, 'ERR_OPTION'],
    ['a variable without a value', ['run', '-e', 'A', '--', 'env'], /NAME=VALUE/, 'ERR_OPTION'],
    ['a command in a system that is not ours', ['run', 'debian-installer', '--', 'ls'], /image debian/, 'ERR_OPTION'],
    ['an option without its value', ['run', '-m'], /-m/, 'ERR_OPTION'],
    ['a kernel that is not there', ['run', '--kernel', '/no/such/kernel', '--initrd', '/dev/null'], /\/no\/such\/kernel/, 'ERR_FILE'],
    ['an image that is not there', ['image', 'rm', 'debian'], /strata image ls/, 'ERR_IMAGE_UNKNOWN'],
  ]
  test.each(cases)('%s', async (_, words, pattern, code) => {
    const { status, stdout, stderr } = await strata(words, { env: nowhere })
    expect(stderr).toMatch(pattern)
    expect(stderr).toMatch(new RegExp(`^strata: .+ \\[${code}\\]\\n$`))
    expect(stdout.length).toBe(0)
    expect(status).toBe(125)
  })
})

describe('kernels that are none', () => {
  const kernelOf = (bytes: Uint8Array): string[] => ['run', '--kernel', file('kernel', bytes), '--initrd', file('initrd', 'x')]
  const image = (magic: string, textOffset: bigint, size: bigint, length = 4096): Uint8Array => {
    const bytes = Buffer.alloc(length)
    bytes.writeBigUInt64LE(textOffset, 8)
    bytes.writeBigUInt64LE(size, 16)
    bytes.write(magic, 0x38, 'latin1')
    return bytes
  }
  test('a text, an empty file, gzip of nothing', async () => {
    for (const bytes of [Buffer.from('#!/bin/sh\n'), Buffer.alloc(0), gzipSync(Buffer.alloc(100))]) {
      const { status, stderr } = await strata(kernelOf(bytes), { env: nowhere })
      expect(stderr).toMatch(/^strata: the kernel .* neither a Linux Image nor an ELF file .*\[ERR_FILE\]\n$/)
      expect(status).toBe(125)
    }
  })
  test('gzip that is cut off', async () => {
    const { status, stderr } = await strata(kernelOf(gzipSync(Buffer.alloc(100_000)).subarray(0, 60)), { env: nowhere })
    expect(stderr).toMatch(/^strata: .* \[ERR_LOADER_\w+\]\n$/)
    expect(status).toBe(125)
  })
  test('one for another processor', async () => {
    const { status, stderr } = await strata(kernelOf(image('ARM\x64', 0n, 4096n)), { env: nowhere })
    expect(stderr).toMatch(/another processor.*\[ERR_LOADER_MACHINE\]/)
    expect(status).toBe(125)
  })
  test('one that is larger than memory, and an initramfs that is', async () => {
    const large = await strata(['run', '-m', '64M', '--kernel', file('large', image('RSC\x05', 0x20_0000n, 2n ** 27n)), '--initrd', file('initrd', 'x')], { env: nowhere })
    expect(large.stderr).toMatch(/more memory \[ERR_LOADER_SPACE\]\n$/)
    const initramfs = await strata(['run', '-m', '64M', '--kernel', file('small', image('RSC\x05', 0x20_0000n, 4096n)), '--initrd', file('big', Buffer.alloc(70 << 20))], { env: nowhere })
    expect(initramfs.stderr).toMatch(/initramfs.*more memory \[ERR_LOADER_SPACE\]\n$/)
    expect([large.status, initramfs.status]).toEqual([125, 125])
  })
  test('one that jumps to nowhere ends with what the CPU met', async () => {
    const { status, stderr } = await strata(['run', '--timeout', '30', '--kernel', file('zeros', image('RSC\x05', 0x20_0000n, 4096n)), '--initrd', file('initrd', 'x')], { env: nowhere })
    expect(stderr).toMatch(/^strata: the guest is gone: its CPU can make no progress: .* at pc 0x[0-9a-f]+ \[ERR_GUEST_GONE\]\n$/)
    expect(status).toBe(125)
  })
  test('one that loops with interrupts off is ended by --timeout', async () => {
    const loop = Buffer.from(image('RSC\x05', 0x20_0000n, 4096n))
    loop.writeUInt32LE(0x0000_006f, 0) // j .
    const { status, stderr } = await strata(['run', '--timeout', '1', '--kernel', file('loop', loop), '--initrd', file('initrd', 'x')], { env: nowhere })
    expect(stderr).toMatch(/^strata: .* within 1 s.* \[ERR_TIMEOUT\]\n$/)
    expect(status).toBe(124)
  })
})

describe('without a network', () => {
  test('a guest that is not in the cache is refused, with how to set the mirror', async () => {
    const { status, stderr } = await strata(['run', '--', 'true'], { env: nowhere })
    expect(stderr).toMatch(/^strata: .*STRATA_MIRROR.* \[ERR_IMAGE_NETWORK\]\n$/)
    expect(status).toBe(125)
  })

  test('the doctor names the mirror and the remedy', async () => {
    const { status, stdout } = await strata(['doctor'], { env: nowhere })
    expect(stdout.toString()).toMatch(/^MISSING {2}mirror .*127\.0\.0\.1:9/m)
    expect(stdout.toString()).toMatch(/^ok {7}Node/m)
    expect(status).toBe(1)
    const json = await strata(['doctor', '--json'], { env: { ...nowhere, STRATA_CACHE: join(file('a-file', ''), 'cache') } })
    expect(JSON.parse(json.stdout.toString())).toContainEqual(expect.objectContaining({ what: 'cache', good: false, remedy: expect.stringContaining('STRATA_CACHE') as string }))
  })

  test('no images are listed', async () => {
    expect((await strata(['image', 'ls'], { env: nowhere })).stdout.toString()).toBe('no images yet: strata image pull debian\n')
    expect(JSON.parse((await strata(['image', 'ls', '--json'], { env: nowhere })).stdout.toString())).toEqual([])
  })
})

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('a script for %s', async (shell) => {
    const { status, stdout } = await strata(['completion', shell])
    expect(status).toBe(0)
    expect(stdout.toString()).toContain('strata')
  })
  test('commands, options and their values', async () => {
    const suggested = async (...words: string[]): Promise<string[]> =>
      (await strata(['complete', '--', ...words])).stdout.toString().split('\n').map((line) => line.split('\t')[0] ?? '')
    expect(await suggested('ru')).toContain('run')
    expect(await suggested('run', '--fi')).toContain('--firmware')
    expect(await suggested('run', '--firmware', '')).toContain('opensbi')
    expect(await suggested('run', 'deb')).toContain('debian-installer')
  })
})
