import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '../..')

/** The package as JavaScript that a plain Node process runs, below the package's own folder so that its dependencies are found. */
export async function compilePackage(name: string): Promise<string> {
  const target = join(root, 'node_modules/.test', `${process.pid}-${name}`)
  const files = await readdir(join(root, 'src'), { recursive: true })
  for (const file of files.filter((path) => path.endsWith('.ts'))) {
    const output = join(target, file.replace(/\.ts$/, '.js'))
    await mkdir(dirname(output), { recursive: true })
    await writeFile(output, toJavaScript(await readFile(join(root, 'src', file), 'utf8')))
  }
  await writeFile(join(target, 'package.json'), '{"type":"module"}')
  return target
}

export function toJavaScript(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, rewriteRelativeImportExtensions: true, verbatimModuleSyntax: true },
  }).outputText
}

export interface Run {
  readonly child: ChildProcess
  /** The exit code, or the signal that ended it, and what it wrote. */
  readonly ended: Promise<{ code: number | NodeJS.Signals | null, stdout: string, stderr: string }>
}

export function run(command: string, args: readonly string[], environment: Record<string, string> = {}): Run {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
  const ended = new Promise<Awaited<Run['ended']>>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code: signal ?? code, stdout, stderr }))
  })
  return { child, ended }
}

/** Runs a command of the host that has to succeed. */
export async function tool(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args).ended
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}: ${stderr}`)
  return stdout
}
