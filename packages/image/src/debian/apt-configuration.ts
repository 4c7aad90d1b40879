import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDeb822 } from '../format/deb822.ts'
import type { ProxySettings } from './proxy.ts'

/** What the host's apt knows about reaching Debian. */
export interface AptConfiguration {
  /** Base URL of the first Debian mirror, such as `http://mirror.example/debian`; undefined when the host has none. */
  readonly mirror: string | undefined
  readonly proxy: ProxySettings
}

/**
 * Reads `sources.list`, `sources.list.d` and `apt.conf.d` below `directory` (default `/etc/apt`). Nothing there is no error: the host need
 * not be a Debian.
 */
export async function readAptConfiguration(directory = '/etc/apt'): Promise<AptConfiguration> {
  const sources: AptSource[] = parseOneLineSources(await readOptional(join(directory, 'sources.list')))
  for (const file of await list(join(directory, 'sources.list.d'), /\.(list|sources)$/)) {
    const text = await readOptional(file)
    sources.push(...(file.endsWith('.list') ? parseOneLineSources(text) : parseDeb822Sources(text)))
  }
  const proxy: { http?: string, https?: string } = {}
  for (const file of [...await list(join(directory, 'apt.conf.d'), /^[\w-]+(\.conf)?$/), join(directory, 'apt.conf')]) {
    Object.assign(proxy, parseProxies(await readOptional(file)))
  }
  return { mirror: chooseMirror(sources), proxy }
}

/** Base URL of the first Debian mirror in the host's apt configuration; undefined when there is none. */
export async function readAptMirror(directory = '/etc/apt'): Promise<string | undefined> {
  return (await readAptConfiguration(directory)).mirror
}

export interface AptSource {
  readonly uri: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

/** The one-line format of sources.list(5): `deb [options] uri suite component…`. */
export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.replace(/#.*$/, ''))
    if (match?.[1] === undefined || match[2] === undefined) continue
    sources.push({ uri: match[1], suites: [match[2]], components: words(match[3]) })
  }
  return sources
}

/** The deb822 format of sources.list(5). */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const paragraph of parseDeb822(text)) {
    if (/^(no|false|0|off|without|disable)$/i.test(paragraph.get('enabled') ?? '')) continue
    if (!words(paragraph.get('types')).includes('deb')) continue
    const suites = words(paragraph.get('suites'))
    const components = words(paragraph.get('components'))
    for (const uri of words(paragraph.get('uris'))) sources.push({ uri, suites, components })
  }
  return sources
}

// Suites and codenames of the main archive; -security, -backports and -updates have indexes of their own.
const debianSuite = /^(oldoldstable|oldstable|stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)(-updates)?\/?$/

/** Other vendors name their suites after Debian's as well; a path that ends in /debian is the better sign. */
function chooseMirror(sources: readonly AptSource[]): string | undefined {
  const mirrors = sources
    .filter(({ uri, components }) => /^https?:\/\//.test(uri) && components.includes('main'))
    .filter(({ suites }) => suites.some((suite) => debianSuite.test(suite)))
    .map(({ uri }) => uri.replace(/\/+$/, ''))
    .filter((uri) => !uri.endsWith('security'))
  return mirrors.find((uri) => uri.endsWith('/debian')) ?? mirrors[0]
}

/** `Acquire::http::Proxy` and `Acquire::https::Proxy` of apt.conf(5), flat or nested; `DIRECT` and an empty value mean none. */
export function parseProxies(text: string): { http?: string, https?: string } {
  const proxies: { http?: string, https?: string } = {}
  const scopes: string[][] = []
  let name: string[] = []
  let value: string | undefined
  const tokens = text.replace(/^\s*#.*$/gm, '').matchAll(/\/\/.*|\/\*[\s\S]*?\*\/|"([^"]*)"|([{};])|([^\s"{};]+)/g)
  for (const [token, quoted, punctuation] of tokens) {
    if (token.startsWith('//') || token.startsWith('/*')) continue
    if (quoted !== undefined) value = quoted
    else if (punctuation === undefined) name.push(...token.split('::'))
    else {
      const key = [...scopes.flat(), ...name].join('::').toLowerCase()
      if (value !== undefined && key === 'acquire::http::proxy') proxies.http = direct(value)
      if (value !== undefined && key === 'acquire::https::proxy') proxies.https = direct(value)
      if (punctuation === '{') scopes.push(name)
      if (punctuation === '}') scopes.pop()
      name = []
      value = undefined
    }
  }
  return proxies
}

function direct(proxy: string): string {
  return proxy.toUpperCase() === 'DIRECT' ? '' : proxy
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '')
}

// A file that may not be read counts as absent: others can still name the mirror.
async function readOptional(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function list(directory: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(directory).catch((): string[] => [])
  return names.filter((name) => pattern.test(name)).sort().map((name) => join(directory, name))
}
