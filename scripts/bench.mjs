// npm run bench: sets the clone up when that is needed, then runs the benchmarks on what was built.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, requireNode, root } from './workspace.mjs'

requireNode()
await ensureInstalled()
await ensureBuilt()

const command = join(root, 'bench/dist/main.js')
process.argv = [process.execPath, command, ...process.argv.slice(2)]
await import(pathToFileURL(command).href)
