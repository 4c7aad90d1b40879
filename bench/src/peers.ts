import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A program that Strata is compared with, or that is needed to. */
export interface Peer {
  /** The file by which it is known to be there: a command on the path, or an absolute path. */
  readonly file: string
  /** The Debian packages it may be in; the first that the host's archive has is installed. */
  readonly packages: readonly string[]
}

export const peers: Readonly<Record<'qemu' | 'qemuFirmware' | 'crossCompiler' | 'compiler' | 'library', Peer>> = {
  qemu: { file: 'qemu-system-riscv64', packages: ['qemu-system-riscv', 'qemu-system-misc'] },
  qemuFirmware: { file: '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin', packages: ['opensbi'] },
  crossCompiler: { file: 'riscv64-linux-gnu-gcc', packages: ['gcc-riscv64-linux-gnu'] },
  compiler: { file: 'gcc', packages: ['gcc'] },
  library: { file: '/usr/include/inttypes.h', packages: ['libc6-dev'] },
}

const isThere = ({ file }: Peer): boolean =>
  file.startsWith('/') ? existsSync(file) : (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, file)))

const packageOf = (peer: Peer): string => {
  const known = (name: string): boolean => spawnSync('apt-cache', ['show', '--no-all-versions', name], { stdio: 'ignore' }).status === 0
  return peer.packages.find(known) ?? peer.packages[0]!
}

const apt = (...args: string[]): boolean => {
  console.log(`$ apt-get ${args.join(' ')}`)
  return spawnSync('apt-get', ['--quiet=2', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0
}

/** Installs what is missing where that is possible. Returns why it is not, or undefined when everything is there. */
export const obtainPeers = (wanted: readonly Peer[]): string | undefined => {
  const missing = wanted.filter((peer) => !isThere(peer))
  if (missing.length === 0) return undefined
  const names = missing.map(({ file }) => file).join(', ')
  if (process.getuid?.() !== 0 || !isThere({ file: 'apt-get', packages: [] })) {
    const install = `apt-get install ${missing.map(({ packages }) => packages.join(' or ')).join(' ')}`
    return `${names} missing, and only root on Debian can have it installed: ${install}`
  }
  apt('update')
  apt('install', '--yes', '--no-install-recommends', ...new Set(missing.map(packageOf)))
  const still = missing.filter((peer) => !isThere(peer))
  return still.length === 0 ? undefined : `${still.map(({ file }) => file).join(', ')} missing, and apt-get could not install it`
}

/** The first line that `command --version` prints. */
export const versionOf = async (command: string): Promise<string> => {
  const { stdout } = await execute(command, ['--version'])
  return stdout.split('\n')[0]!.trim()
}
