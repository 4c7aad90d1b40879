// npm start: sets the clone up when that is needed, then does what `strata run` does with the same arguments. The command
// runs in this very process, so that terminal, signals and exit code are its own.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, requireNode, root } from './workspace.mjs'

requireNode()
await ensureInstalled()
await ensureBuilt()

const command = join(root, 'apps/cli/bin/strata.js')
process.argv = [process.execPath, command, 'run', ...process.argv.slice(2)]
await import(pathToFileURL(command).href)
