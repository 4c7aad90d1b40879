// npm run release: publishes every package whose version is not on the registry yet, built from nothing, so that no file
// of an older state is published with it.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, packageFolders, requireNode, root, run } from './workspace.mjs'

requireNode()
await ensureInstalled()
for (const folder of packageFolders()) rmSync(join(root, folder, 'dist'), { recursive: true, force: true })
const built = await run('turbo', ['run', 'build', '--force', '--ui=stream'])
process.exitCode = built === 0 ? await run('changeset', ['publish']) : built
