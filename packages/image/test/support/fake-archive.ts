import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createCleartextMessage, generateKey, readPrivateKey, sign } from 'openpgp'
import { debOf, type TarFile } from './debian-package.ts'

export interface FakePackage {
  readonly name: string
  readonly version?: string
  readonly files?: readonly TarFile[]
  /** More fields, such as Depends. */
  readonly fields?: Readonly<Record<string, string>>
}

/** Answers a request otherwise than with the file; returns false to have the file sent. */
export type Mischief = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean

/** A Debian archive of a few packages on the loopback interface, signed by a key of its own. */
export class FakeArchive implements AsyncDisposable {
  readonly publicKey: string
  readonly #privateKey: string
  readonly #files = new Map<string, Buffer>()
  readonly #mischief: { path: RegExp, act: Mischief }[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((request, response) => this.#answer(request, response))
  /** What was asked for: path and range. */
  readonly requests: string[] = []
  url = ''

  private constructor(keys: { publicKey: string, privateKey: string }) {
    this.publicKey = keys.publicKey
    this.#privateKey = keys.privateKey
    this.#server.on('connection', (socket) => this.#sockets.add(socket))
  }

  static async start(packages: readonly FakePackage[], release: Record<string, string> = {}): Promise<FakeArchive> {
    const keys = await generateKey({ type: 'ecc', userIDs: [{ name: 'Test Archive' }], date: new Date(Date.now() - 3600_000), format: 'armored' })
    const archive = new FakeArchive(keys)
    await archive.publish(packages, release)
    await archive.listen()
    return archive
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/debian`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Replaces the archive's packages by others and signs the new index. */
  async publish(packages: readonly FakePackage[], release: Record<string, string> = {}): Promise<void> {
    this.#files.clear()
    const paragraphs: string[] = []
    for (const { name, version = '1.0-1', files = [], fields = {} } of packages) {
      const deb = await debOf(files)
      const filename = `pool/main/${name}_${version}_riscv64.deb`
      this.#files.set(filename, deb)
      const all = {
        'Package': name, 'Version': version, 'Architecture': 'riscv64', 'Installed-Size': '10', ...fields,
        'Filename': filename, 'Size': String(deb.length), 'SHA256': sha256(deb), 'Description': 'a test\n more of it',
      }
      paragraphs.push(Object.entries(all).map(([field, value]) => `${field}: ${value}\n`).join(''))
    }
    const text = Buffer.from(paragraphs.join('\n'))
    const packed = gzipSync(text)
    const folder = 'main/binary-riscv64'
    this.#files.set(`dists/trixie/${folder}/Packages.gz`, packed)
    this.#files.set(`dists/trixie/${folder}/by-hash/SHA256/${sha256(packed)}`, packed)
    const fields = {
      'Suite': 'stable', 'Codename': 'trixie', 'Date': new Date().toUTCString(), 'Acquire-By-Hash': 'yes', ...release,
      'SHA256': `\n ${sha256(text)} ${text.length} ${folder}/Packages\n ${sha256(packed)} ${packed.length} ${folder}/Packages.gz`,
    }
    const body = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`).join('')
    const signingKeys = await readPrivateKey({ armoredKey: this.#privateKey })
    const message = await createCleartextMessage({ text: body })
    this.#files.set('dists/trixie/InRelease', Buffer.from(await sign({ message, signingKeys })))
  }

  file(path: string): Buffer {
    const found = [...this.#files].find(([name]) => name.endsWith(path))
    if (found === undefined) throw new Error(`the test archive has no file ${path}`)
    return found[1]
  }

  replace(path: string, content: Buffer): void {
    for (const name of this.#files.keys()) if (name.endsWith(path)) this.#files.set(name, content)
  }

  remove(path: RegExp): void {
    for (const name of this.#files.keys()) if (path.test(name)) this.#files.delete(name)
  }

  /** From now on `act` answers requests for paths that match. */
  misbehave(path: RegExp, act: Mischief): void {
    this.#mischief.push({ path, act })
  }

  behave(): void {
    this.#mischief.length = 0
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '').replace(/^\/(debian\/)?/, '')
    this.requests.push(`${path} ${request.headers.range ?? ''}`.trim())
    const body = this.#files.get(path)
    for (const { path: pattern, act } of this.#mischief) if (pattern.test(path) && act(request, response, body ?? Buffer.alloc(0))) return
    if (body === undefined) {
      response.writeHead(404).end('no such file')
      return
    }
    sendFile(request, response, body)
  }
}

export function sendFile(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? '0')
  if (start >= body.length && start > 0) response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end()
  else if (start > 0) response.writeHead(206, { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }).end(body.subarray(start))
  else response.writeHead(200, { 'content-length': body.length }).end(body)
}

export function flipped(data: Buffer, at = data.length >> 1): Buffer {
  const copy = Buffer.from(data)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export const netbootDirectory = 'usr/lib/debian-installer/images/13/riscv64/text/debian-installer/riscv64'

// Not compressible: the package is as large as what is in it.
export const fakeKernel: Buffer = Buffer.concat([randomBytes(400_000), Buffer.from('\0Linux version 6.99.1-test (gcc)\n\0'), randomBytes(400_000)])
export const fakeInitrd: Buffer = gzipSync(randomBytes(100_000))

/** The packages that the images are made of. */
export const imagePackages: readonly FakePackage[] = [
  {
    name: 'debian-installer-13-netboot-riscv64',
    version: '20250803+deb13u7',
    files: [
      { name: `./${netbootDirectory}/linux`, data: fakeKernel },
      { name: `./${netbootDirectory}/initrd.gz`, data: fakeInitrd },
    ],
  },
  { name: 'busybox-static', version: '1:1.37.0-6+b9', files: [{ name: './usr/bin/busybox', mode: 0o755, data: 'not really busybox' }] },
  {
    name: 'opensbi',
    files: ['dynamic', 'jump'].map((kind) => ({ name: `./usr/lib/riscv64-linux-gnu/opensbi/generic/fw_${kind}.bin`, data: kind })),
  },
]
