import { createServer, get as httpGet } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDeb822Sources, parseOneLineSources, parseProxies, readAptConfiguration } from '../src/debian/apt-configuration.ts'
import { HttpClient } from '../src/debian/http.ts'
import { DebianArchive, openCache, pullImage, readAptMirror } from '../src/index.ts'
import { FakeArchive, imagePackages } from './support/fake-archive.ts'
import { temporaryDirectory } from './support/temporary-directory.ts'

async function aptDirectory(files: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  return directory
}

describe('the host\'s mirror', () => {
  it('is read from one-line sources', () => {
    const text = `
# deb http://no.example/debian x main
 deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian/ bookworm main contrib # c
deb-src http://b.example/debian x main
`
    expect(parseOneLineSources(text))
      .toEqual([{ uri: 'http://a.example/debian/', suites: ['bookworm'], components: ['main', 'contrib'] }])
  })

  it('is read from deb822 sources, unless they are disabled', () => {
    const text = `Types: deb deb-src
# comment
URIs: http://a.example/debian
 http://b.example/debian
Suites: trixie trixie-updates
Components: main

Enabled: no
Types: deb
URIs: http://c.example
Suites: x
Components: main
`
    expect(parseDeb822Sources(text))
      .toEqual(['a', 'b'].map((host) => ({ uri: `http://${host}.example/debian`, suites: ['trixie', 'trixie-updates'], components: ['main'] })))
  })

  it('is the first of Debian\'s, not of its security updates or of other vendors', async () => {
    expect(await readAptMirror(await aptDirectory({
      'sources.list.d/a.list': 'deb http://vendor.example/linux/prod bookworm main\ndeb http://x.example/debian-security bookworm-security main\n',
      'sources.list.d/b.sources':
        'Types: deb\nURIs: https://node.example/node_20.x\nSuites: nodistro\nComponents: main\n\n'
        + 'Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm bookworm-updates\nComponents: main\n',
      'sources.list.d/c.sources.disabled': 'Types: deb\nURIs: http://no.example/debian\nSuites: bookworm\nComponents: main\n',
    }))).toBe('http://mirror.example/debian')
  })

  it('is unknown where there is none', async () => {
    expect(await readAptMirror(await aptDirectory({ 'sources.list': 'deb http://archive.example/ubuntu noble main\ndeb cdrom:[x]/ bookworm main\n' }))).toBeUndefined()
    expect(await readAptMirror('/nonexistent')).toBeUndefined()
  })

  it('that STRATA_MIRROR names is refused when it is no URL', async () => {
    const cache = await openCache({ directory: await temporaryDirectory() })
    for (const mirror of ['mirror.example', 'ftp://mirror.example', 'http:///x']) {
      expect(() => new DebianArchive({ cache, mirror })).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_OPTION' }))
    }
    expect(() => new DebianArchive({ cache, suite: '../x' })).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_OPTION' }))
  })
})

describe('the host\'s proxy', () => {
  it('is read from apt.conf, flat and nested', () => {
    expect(parseProxies('Acquire::http::Proxy "http://p.example:3142";')).toEqual({ http: 'http://p.example:3142' })
    expect(parseProxies('// c\nAPT { x "y"; };\nAcquire {\n http { Timeout "5"; Proxy "http://p.example/"; };\n https::Proxy "DIRECT"; /* c */ };\n# z\nX "1";'))
      .toEqual({ http: 'http://p.example/', https: '' })
    expect(parseProxies('#Acquire::http::Proxy "a";\nAcquire::http::Proxy::host.example "b";')).toEqual({})
  })

  it('is read from the folder, the last file\'s being used', async () => {
    const directory = await aptDirectory({
      'apt.conf.d/10p': 'Acquire::http::Proxy "http://one.example";',
      'apt.conf.d/20p': 'Acquire::http::Proxy "http://two.example";',
      'apt.conf.d/30.bak': 'Acquire::http::Proxy "http://no.example";',
    })
    expect((await readAptConfiguration(directory)).proxy).toEqual({ http: 'http://two.example' })
  })

  it('is used for downloads, by plain requests', async () => {
    await using mirror = await FakeArchive.start(imagePackages)
    const through: string[] = []
    const proxy = createServer((request, response) => {
      through.push(request.url ?? '')
      httpGet(request.url ?? '', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers)))
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      const body = await new HttpClient({ http: url }, 'help').getSmall(`${mirror.url}/dists/trixie/InRelease`, 1 << 20)
      expect(Buffer.from(body).equals(mirror.file('InRelease'))).toBe(true)
      expect(through).toEqual([`${mirror.url}/dists/trixie/InRelease`])
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })

  it('that does not answer is an error that names the file', async () => {
    const client = new HttpClient({ http: 'http://127.0.0.1:1' }, 'help')
    await expect(client.get('http://mirror.invalid/x', 0)).rejects.toMatchObject({
      code: 'ERR_IMAGE_NETWORK', message: expect.stringContaining('mirror.invalid') as string,
    })
  })
})

describe('the configured Debian mirror', () => {
  it('is verified by Debian\'s own keys and yields packages for riscv64', async () => {
    const cache = await openCache({ directory: await temporaryDirectory() })
    const archive = new DebianArchive({ cache })
    const index = await archive.index()
    const busybox = index.find('busybox-static')[0]
    if (busybox === undefined) throw new Error('Debian has no busybox-static for riscv64')
    const handle = await archive.open(busybox)
    try {
      expect((await handle.stat()).size).toBe(busybox.size)
    } finally {
      await handle.close()
    }
    expect(index.essential()).toContain('base-files')
  })

  it('is refused when other keys are trusted', async () => {
    await using stranger = await FakeArchive.start([])
    const cache = await openCache({ directory: await temporaryDirectory() })
    await expect(pullImage('debian', new DebianArchive({ cache, trustedKeys: stranger.publicKey }))).rejects.toMatchObject({ code: 'ERR_IMAGE_SIGNATURE' })
  })
})
