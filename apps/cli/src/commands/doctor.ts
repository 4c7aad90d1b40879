import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { DebianArchive, openCache, readAptMirror } from '@strata/image'
import { webAssembly } from '@strata/machine'
import { formatSize } from '../size.ts'
import { writeTo } from '../terminal/standard-output.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly what: string
  readonly good: boolean
  /** What was found. */
  readonly found: string
  /** What to do about it, if it is not good. */
  readonly remedy?: string
}

const mirrorPatience = 30_000
/** What two images and their packages take, with room to spare. */
const cacheNeeds = 500e6

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Whether `version` (such as 20.19.0) is at least 20.19. */
export const nodeFinding = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const good = major > 20 || (major === 20 && minor >= 19)
  return { what: 'Node', good, found: version, ...(good ? {} : { remedy: 'install Node 20.19 or later' }) }
}

/** A module that needs shared memory, bulk memory and sign extension: `(memory 1 1 shared) (func … i64.extend32_s … memory.fill)`. */
const modern = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1,
  10, 20, 1, 18, 0, 0x42, 0, 0xc4, 0x1a, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0b, 0, 0xfe, 0x03, 0, 0x0b,
)

export const webAssemblyFinding = (validate: (bytes: Uint8Array) => boolean = webAssembly.validate.bind(webAssembly)): Finding => {
  const good = validate(modern)
  return {
    what: 'WebAssembly',
    good,
    found: good ? 'threads, bulk memory, sign extension' : 'lacks threads, bulk memory or sign extension',
    ...(good ? {} : { remedy: 'run a Node built with WebAssembly threads, without --jitless' }),
  }
}

export const cacheFindings = async (): Promise<Finding[]> => {
  const what = 'cache'
  try {
    const { directory } = await openCache()
    await access(directory, constants.R_OK | constants.W_OK)
    const { bavail, bsize } = await statfs(directory)
    const free = bavail * bsize
    const good = free >= cacheNeeds
    return [
      { what, good: true, found: directory },
      { what: 'disk', good, found: `${formatSize(free)} free`, ...(good ? {} : { remedy: `free ${formatSize(cacheNeeds)} there, or set STRATA_CACHE to a directory on another disk` }) },
    ]
  } catch (error) {
    return [{ what, good: false, found: message(error), remedy: 'set STRATA_CACHE to a directory that you may write to' }]
  }
}

export const mirrorFinding = async (): Promise<Finding> => {
  const what = 'mirror'
  const set = process.env['STRATA_MIRROR']
  const name = set !== undefined && set !== '' ? `${set} (STRATA_MIRROR)` : await readAptMirror()
  if (name === undefined) return { what, good: false, found: 'none: apt names no Debian mirror here', remedy: 'set STRATA_MIRROR to the URL of a Debian mirror' }
  try {
    let offline: string | undefined
    const archive = new DebianArchive({
      cache: await openCache(),
      signal: AbortSignal.timeout(mirrorPatience),
      onProgress: ({ phase, item }) => {
        if (phase === 'offline') offline = item
      },
    })
    await archive.index(true)
    if (offline !== undefined) throw new Error(offline)
    return { what, good: true, found: `${name}, signature good` }
  } catch (error) {
    return { what, good: false, found: `${name}: ${message(error)}`, remedy: 'images that are in the cache (strata image ls) start without it' }
  }
}

const memoryFinding = (): Finding => {
  const good = totalmem() >= 2 ** 30
  return { what: 'memory', good, found: formatSize(totalmem()), ...(good ? {} : { remedy: 'give guests less: strata run -m 128M' }) }
}

export const findings = async (): Promise<Finding[]> => [
  nodeFinding(process.versions.node), webAssemblyFinding(), memoryFinding(), ...(await cacheFindings()), await mirrorFinding(),
]

export const report = (found: readonly Finding[]): string =>
  found.map(({ what, good, found: text, remedy }) => `${good ? 'ok     ' : 'MISSING'}  ${what.padEnd(12)} ${text}${remedy === undefined ? '' : `\n         ${' '.repeat(12)} → ${remedy}`}\n`).join('')

/** `strata doctor`: looks at all that Strata needs; resolves with 0 if all is there, else 1. */
export const doctor = async (options: { readonly json?: boolean }): Promise<number> => {
  const found = await findings()
  await writeTo(process.stdout, options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : report(found))
  return found.every(({ good }) => good) ? 0 : 1
}
