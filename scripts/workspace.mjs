// Sets the workspace up: dependencies installed, packages built, each only when needed. Uses nothing but Node, because
// it runs before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const cache = join(root, 'node_modules/.cache/strata')
const builtStamp = join(cache, 'built')

/** Where the workspace's tools (tsc, eslint, vitest, turbo, pnpm) find each other, and none of them phones home. */
const environment = {
  ...process.env,
  PATH: join(root, 'node_modules/.bin') + delimiter + (process.env['PATH'] ?? ''),
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  DO_NOT_TRACK: '1',
}

/** @param {string} path */
const readText = path => existsSync(path) ? readFileSync(path, 'utf8') : undefined

const manifest = /** @type {{ packageManager: string, engines: { node: string } }} */ (
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
)

/** Ends the process with a clear message when this Node is older than the workspace's `engines` ask for. */
export function requireNode() {
  const wanted = manifest.engines.node.replace('>=', '')
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number)
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  console.error(`strata: needs Node ${wanted} or newer, this is ${process.versions.node}; install a newer one from https://nodejs.org`)
  process.exit(125)
}

/** The folders that hold a package: `packages/machine`, …, relative to the root. */
export function packageFolders() {
  return ['packages', 'apps']
    .flatMap(parent => readdirSync(join(root, parent)).map(name => `${parent}/${name}`))
    .concat('bench', 'tests')
    .filter(folder => existsSync(join(root, folder, 'package.json')))
}

/** Installs what the lockfile names, unless it is there: pnpm keeps a copy of the lockfile it last installed. */
export async function ensureInstalled() {
  const wanted = readText(join(root, 'pnpm-lock.yaml'))
  if (wanted !== undefined && readText(join(root, 'node_modules/.pnpm/lock.yaml')) === wanted) return
  const install = ['install', '--frozen-lockfile', '--reporter=append-only']
  const local = join(root, 'node_modules/pnpm/bin/pnpm.cjs')
  await quietly('installing dependencies', ...(existsSync(local)
    ? /** @type {const} */ ([process.execPath, [local, ...install]])
    : /** @type {const} */ (['npx', ['--yes', manifest.packageManager, ...install]])))
}

/** Builds the packages unless nothing they are built from has changed since the last build. */
export async function ensureBuilt() {
  const folders = packageFolders()
  const digest = inputsDigest(folders)
  const complete = folders.every(folder => !existsSync(join(root, folder, 'src')) || existsSync(join(root, folder, 'dist')))
  if (complete && readText(builtStamp) === digest) return
  await quietly('building', 'turbo', ['run', 'build', '--output-logs=errors-only', '--ui=stream'])
  mkdirSync(cache, { recursive: true })
  writeFileSync(builtStamp, digest)
}

/** @param {readonly string[]} folders */
function inputsDigest(folders) {
  const hash = createHash('sha256')
  /** @param {string} path */
  const add = path => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path}\0${String(size)}\0${String(mtimeMs)}\n`)
  }
  for (const file of ['tsconfig.base.json', 'pnpm-lock.yaml', 'turbo.json']) add(join(root, file))
  for (const folder of folders) {
    const inside = join(root, folder)
    for (const name of readdirSync(inside)) if (name.endsWith('.json')) add(join(inside, name))
    if (!existsSync(join(inside, 'src'))) continue
    for (const entry of readdirSync(join(inside, 'src'), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) add(join(entry.parentPath, entry.name))
    }
  }
  return hash.digest('hex')
}

/**
 * Runs a command with its output on the terminal.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [variables] more of its environment
 * @returns {Promise<number>} its exit code, 1 if a signal ended it
 */
export function run(command, args, variables) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...environment, ...variables }, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', code => { resolve(code ?? 1) })
  })
}

/**
 * Runs a step of the set-up: one line of progress on standard error, its output only when it fails; then the process ends.
 * @param {string} what
 * @param {string} command
 * @param {readonly string[]} args
 */
async function quietly(what, command, args) {
  const terminal = process.stderr.isTTY
  const started = Date.now()
  const line = () => `strata: ${what}… ${String(Math.floor((Date.now() - started) / 1000))} s`
  process.stderr.write(terminal ? line() : `strata: ${what}…\n`)
  const ticking = setInterval(() => { if (terminal) process.stderr.write(`\r${line()}`) }, 1000)
  /** @type {Buffer[]} */
  const output = []
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const collect = (/** @type {Buffer} */ chunk) => { output.push(chunk) }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', resolve)
  }).catch((/** @type {unknown} */ error) => { output.push(Buffer.from(String(error))) })
  clearInterval(ticking)
  if (terminal) process.stderr.write('\r\x1b[K')
  if (code === 0) return
  process.stderr.write(Buffer.concat(output))
  console.error(`\nstrata: ${what} failed; the command was: ${[command, ...args].join(' ')}`)
  process.exit(125)
}
