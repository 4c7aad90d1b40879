import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { acquireLock } from '../src/cache/lock.ts'
import { compilePackage, run, type Run } from './support/compiled.ts'
import { FakeArchive, imagePackages, sha256 } from './support/fake-archive.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

let mirror: FakeArchive
let compiled: string
const netboot = /netboot-riscv64_/

const script = `
import { DebianArchive, openCache, pullImage } from './index.js'
const cache = await openCache()
const archive = new DebianArchive({ cache, trustedKeys: process.env.TRUSTED_KEYS, onProgress: (event) => console.error(event.phase + ' ' + event.item) })
try {
  console.log((await pullImage('debian', archive)).kernelVersion)
} catch (error) {
  console.log(error.code + ' ' + error.message)
  process.exitCode = 1
}
`

beforeAll(async () => {
  mirror = await FakeArchive.start(imagePackages)
  compiled = await compilePackage('processes')
  await writeFile(join(compiled, 'pull.js'), script)
})
afterAll(async () => {
  await mirror.stop()
  await rm(compiled, { recursive: true })
})
beforeEach(() => {
  mirror.behave()
  mirror.requests.length = 0
})

const pull = (cache: string, before: readonly string[] = []): Run => {
  return run('env', [...before, process.execPath, join(compiled, 'pull.js')], { STRATA_CACHE: cache, STRATA_MIRROR: mirror.url, TRUSTED_KEYS: mirror.publicKey })
}

/** Resolves when the netboot package is being sent; it is then never finished. */
const stalled = (): Promise<void> => new Promise((resolve) => {
  mirror.misbehave(netboot, (_request, response, body) => {
    response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 300_000), () => setTimeout(resolve, 300))
    return true
  })
})

it('two processes that pull at once download everything once', async () => {
  const cache = await temporaryDirectory()
  mirror.misbehave(netboot, (_request, response, body) => {
    response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 300_000))
    setTimeout(() => response.end(body.subarray(300_000)), 1000)
    return true
  })
  const results = await Promise.all([pull(cache).ended, pull(cache).ended])
  expect(results.map(({ code, stdout }) => [code, stdout])).toEqual([[0, '6.99.1-test\n'], [0, '6.99.1-test\n']])
  expect(mirror.requests.filter((path) => path.startsWith('pool/')).length).toBe(2)
  expect(results.filter(({ stderr }) => /^wait process \d+/m.test(stderr)).length).toBe(1)
  expect(await readdir(join(cache, 'tmp'))).toEqual([])
})

it('a pull killed in mid-download is finished by the next one, from where it was', async () => {
  const cache = await temporaryDirectory()
  const sending = stalled()
  const first = pull(cache)
  await sending
  first.child.kill('SIGKILL')
  expect((await first.ended).code).toBe('SIGKILL')
  // As a process leaves it that is killed while it writes a blob.
  await writeFile(join(cache, 'tmp', '1-1'), 'half a blob')
  mirror.behave()
  mirror.requests.length = 0
  const second = await pull(cache).ended
  expect([second.code, second.stdout]).toEqual([0, '6.99.1-test\n'])
  expect(mirror.requests.find((path) => path.includes('netboot-riscv64_'))).toMatch(/bytes=300000-$/)
  expect(await readdir(join(cache, 'tmp'))).toEqual([])
  expect(await readdir(join(cache, 'partial'))).toEqual([])
  expect((await readdir(cache)).sort()).toEqual(['blobs', 'partial', 'records', 'tmp'])
})

it('several processes that find a killed one\'s lock all get along', async () => {
  const cache = await temporaryDirectory()
  const sending = stalled()
  const first = pull(cache)
  await sending
  first.child.kill('SIGKILL')
  await first.ended
  mirror.behave()
  mirror.requests.length = 0
  const results = await Promise.all([pull(cache).ended, pull(cache).ended, pull(cache).ended])
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(mirror.requests.filter((path) => path.startsWith('pool/')).length).toBe(2)
})

it('a pull killed at any moment leaves nothing that harms', async () => {
  const cache = await temporaryDirectory()
  for (let milliseconds = 150; milliseconds <= 600; milliseconds += 50) {
    const { child, ended } = pull(cache)
    setTimeout(() => child.kill('SIGKILL'), milliseconds)
    await ended
    for (const file of await readdir(join(cache, 'blobs/sha256'), { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (file.isFile()) expect(sha256(await readFile(join(file.parentPath, file.name)))).toBe(file.name)
    }
  }
  const last = await pull(cache).ended
  expect([last.code, last.stdout]).toEqual([0, '6.99.1-test\n'])
  expect(await readdir(join(cache, 'tmp'))).toEqual([])
})

it('a full disk gives a typed error and leaves the cache whole', async () => {
  const directory = await temporaryDirectory()
  // A filesystem of 512 KiB in a mount namespace of its own; the package is larger.
  const mount = 'mount -t tmpfs -o size=512k tmpfs "$STRATA_CACHE" && "$@"; code=$?; find "$STRATA_CACHE/partial" "$STRATA_CACHE/tmp" -type f; exit $code'
  const { code, stdout, stderr } = await pull(directory, ['unshare', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh']).ended
  expect(stdout, stderr).toMatch(/^ERR_IMAGE_NO_SPACE .*no space left.*STRATA_CACHE/)
  expect(stdout.trim().split('\n')).toHaveLength(1)
  expect(code).toBe(1)
})

it('a lock whose process identifier belongs to another process by now is taken over', async () => {
  const path = join(await temporaryDirectory(), 'lock')
  const release = await acquireLock(path)
  const owner = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await release()
  await writeFile(path, JSON.stringify({ ...owner, id: 'other', started: '1' }))
  let waited = false
  const second = await acquireLock(path, { onWait: () => { waited = true } })
  expect(waited).toBe(false)
  await second()
  expect(await readdir(join(path, '..'))).toEqual([])
})

it('a lock is waited for until it is given back, or until the wait is given up', async () => {
  const path = join(await temporaryDirectory(), 'lock')
  const release = await acquireLock(path)
  const waits: number[] = []
  await expect(acquireLock(path, { signal: AbortSignal.timeout(300), onWait: (holder) => waits.push(holder) })).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(new Set(waits)).toEqual(new Set([process.pid]))
  const order: string[] = []
  const second = acquireLock(path).then((give) => {
    order.push('second')
    return give()
  })
  setTimeout(() => {
    order.push('first')
    void release()
  }, 200)
  await second
  expect(order).toEqual(['first', 'second'])
})

it('a host whose apt names no mirror is told to set STRATA_MIRROR', async () => {
  const directory = await temporaryDirectory()
  // Without apt's configuration, in a mount namespace of its own.
  const hide = 'mount -t tmpfs tmpfs /etc/apt && exec env --unset=STRATA_MIRROR "$@"'
  const { code, stdout } = await pull(directory, ['unshare', '--map-root-user', '--mount', 'sh', '-c', hide, 'sh']).ended
  expect(stdout).toMatch(/^ERR_IMAGE_NETWORK no Debian mirror is known.*set STRATA_MIRROR/)
  expect(code).toBe(1)
})
