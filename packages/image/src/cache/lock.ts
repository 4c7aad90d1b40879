import { randomUUID } from 'node:crypto'
import { readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { systemCode } from '../errors.ts'
import { pause } from '../task.ts'

/** Who holds a lock, as its file says. */
interface Owner {
  readonly id: string
  readonly pid: number
  /** When the process started, in the kernel's ticks: a process identifier alone may be in use again. Empty where unknown. */
  readonly started: string
  /** The running kernel and its namespace of process identifiers; only within these does `pid` mean anything. */
  readonly world: string
}

export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** Called again and again while another process has the lock. */
  readonly onWait?: ((holder: number, seconds: number) => void) | undefined
}

const pollMilliseconds = 100
const heartbeatMilliseconds = 5_000
// For holders on another machine or in another container, whose processes cannot be seen from here.
const silenceMilliseconds = 60_000
// A holder killed between making the file and writing to it.
const unwrittenMilliseconds = 5_000

/**
 * Takes the lock whose file is `path`, waiting while a living process has it. A lock left by a process that was killed is taken over: at
 * once when that process can be looked up here, else after a minute without a sign of life.
 * @returns a function that gives the lock back
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  const owner: Owner = { id: randomUUID(), pid: process.pid, started: await startOf(process.pid), world: await world() }
  const begun = performance.now()
  for (;;) {
    options.signal?.throwIfAborted()
    if (await create(path, owner)) return keep(path, owner)
    const holder = await inspect(path)
    if (holder === 'gone') continue
    if (holder === 'dead') {
      await remove(path, options)
      continue
    }
    options.onWait?.(holder, (performance.now() - begun) / 1000)
    await pause(pollMilliseconds, options.signal)
  }
}

async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    // A full disk may leave an empty file.
    if (systemCode(error) === 'ENOSPC') await rm(path, { force: true })
    throw error
  }
}

function keep(path: string, owner: Owner): () => Promise<void> {
  const heartbeat = setInterval(() => {
    const now = new Date()
    // A missed beat does no harm; the next one comes.
    utimes(path, now, now).catch(() => undefined)
  }, heartbeatMilliseconds)
  heartbeat.unref()
  return async () => {
    clearInterval(heartbeat)
    const present = await read(path)
    if (present?.id === owner.id) await rm(path, { force: true })
  }
}

/** Removes a dead process's lock, under a lock of its own: of two who see the same dead one, the second must not remove the first's new one. */
async function remove(path: string, options: LockOptions): Promise<void> {
  const release = await acquireLock(`${path}.takeover`, options)
  try {
    if (await inspect(path) === 'dead') await rm(path, { force: true })
  } finally {
    await release()
  }
}

/** The process identifier of a living holder, or what became of it. */
async function inspect(path: string): Promise<number | 'dead' | 'gone'> {
  let age: number
  try {
    age = Date.now() - (await stat(path)).mtimeMs
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'gone'
    throw error
  }
  const owner = await read(path)
  if (owner === undefined) return age > unwrittenMilliseconds ? 'dead' : 0
  if (owner.world !== await world()) return age > silenceMilliseconds ? 'dead' : owner.pid
  if (!isAlive(owner.pid)) return 'dead'
  return await startOf(owner.pid) === owner.started ? owner.pid : 'dead'
}

async function read(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner> | null
    if (typeof owner?.id !== 'string' || typeof owner.pid !== 'number') return undefined
    return { id: owner.id, pid: owner.pid, started: owner.started ?? '', world: owner.world ?? '' }
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the second field may contain blanks and parentheses. A killed process nobody waited for is none. */
async function startOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19] ?? ''
  } catch {
    return ''
  }
}

async function world(): Promise<string> {
  const parts = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => process.platform),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  return parts.join(' ').trim()
}
