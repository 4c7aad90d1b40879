import { open, readFile } from 'node:fs/promises'

/** A part of a process's address space, as /proc/PID/maps has it. */
export interface Mapping {
  readonly start: number
  readonly end: number
  readonly permissions: string
}

/** Reads the text of /proc/PID/maps. */
export const parseMaps = (text: string): readonly Mapping[] =>
  text.split('\n').flatMap((line) => {
    const [, start, end, permissions] = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) /.exec(line) ?? []
    return start === undefined || end === undefined || permissions === undefined ? []
      : [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), permissions }]
  })

/**
 * The mapping that holds a guest's RAM of `ram` bytes: the smallest writable one that is large enough. RAM is at its
 * end, where QEMU and WebAssembly memories of ours both have it: what else is in the mapping comes first.
 */
export const ramMapping = (mappings: readonly Mapping[], ram: number): Mapping | undefined =>
  mappings
    .filter(({ start, end, permissions }) => permissions.startsWith('rw') && end - start >= ram && end - start < ram * 2)
    .sort((a, b) => (a.end - a.start) - (b.end - b.start))[0]

const pageSize = 4096
/** Bit 63 of an entry of /proc/PID/pagemap: the page is in RAM. */
const presentBit = 0x80

/** How many pages a piece of /proc/PID/pagemap, 8 bytes a page, has in RAM. */
export const presentPages = (pagemap: Uint8Array): number => {
  let pages = 0
  for (let entry = 7; entry < pagemap.length; entry += 8) if ((pagemap[entry]! & presentBit) !== 0) pages++
  return pages
}

/** What a process that runs a guest has in RAM, in bytes. */
export interface GuestProcessMemory {
  /** All of it (VmRSS), now. */
  readonly resident: number
  /** The most there ever was (VmHWM). */
  readonly peak: number
  /** Pages of the guest's RAM that were touched. */
  readonly guest: number
}

const field = (status: string, name: string): number => {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
  if (kibibytes === undefined) throw new Error(`/proc/PID/status has no ${name}`)
  return Number(kibibytes) * 1024
}

/** Throws if the mapping of the guest's RAM cannot be told from others. */
export const guestProcessMemory = async (pid: number, ram: number): Promise<GuestProcessMemory> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mapping = ramMapping(parseMaps(await readFile(`/proc/${pid}/maps`, 'utf8')), ram)
  if (mapping === undefined) throw new Error(`process ${pid} has no mapping for ${ram} bytes of a guest's RAM`)
  const pagemap = await open(`/proc/${pid}/pagemap`)
  try {
    const entries = Buffer.alloc((ram / pageSize) * 8)
    const { bytesRead } = await pagemap.read(entries, 0, entries.length, ((mapping.end - ram) / pageSize) * 8)
    if (bytesRead !== entries.length) throw new Error(`/proc/${pid}/pagemap ends early`)
    return { resident: field(status, 'VmRSS'), peak: field(status, 'VmHWM'), guest: presentPages(entries) * pageSize }
  } finally {
    await pagemap.close()
  }
}

/**
 * User and system time in a line of /proc/PID/stat, in ticks of 10 ms; with `children`, also that of children that have
 * ended. The name, in parentheses, may contain anything.
 */
export const parseStatTicks = (stat: string, children: boolean = false): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, children ? 15 : 13).reduce((sum, field) => sum + Number(field), 0)
}

/** What a process's threads have used so far, in seconds, to 10 ms. */
export const processorTime = async (pid: number): Promise<number> => parseStatTicks(await readFile(`/proc/${pid}/stat`, 'utf8')) / 100
