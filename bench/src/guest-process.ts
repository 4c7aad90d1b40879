// node guest-process.js KERNEL INITRAMFS MEMORY ARGUMENTS: boots a guest whose console is standard input and output.
// Ends with it; the last line is how many instructions it retired.
import { once } from 'node:events'
import { start } from 'strata'
import { turnOnBranchHints } from './v8-flags.ts'

turnOnBranchHints()
const [kernel = '', initramfs = '', memory = '', append = ''] = process.argv.slice(2)
const guest = await start({ kernel, initramfs, memory, append })
process.stdin.on('data', (bytes: Buffer) => guest.console.send(bytes))
process.stdin.on('error', () => undefined)
for await (const bytes of guest.console.readable) {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
}
const end = await guest.ended
if (end.kind !== 'poweroff') {
  process.stderr.write(`the guest did not power off: ${JSON.stringify(end)}\n`)
  process.exit(1)
}
process.stdout.write(`instructions ${guest.instructions}\n`, () => process.exit(0))
