// A process of its own that restores a board from a file, goes on, and reports how it ended: resume.ts STATE CPUS
import { readFileSync } from 'node:fs'
import { decodeState } from '@strata/machine'
import { debianBoard, host } from './board.ts'
import { digest } from './digest.ts'

const [, , file, cpus] = process.argv
const made = debianBoard({ cpus: Number(cpus) })
made.board.restore(decodeState(readFileSync(file!)))
const reason = await made.board.machine.run({ host })
process.stdout.write(JSON.stringify({ reason, retired: made.board.machine.retired, output: made.console.text, digest: digest(made.board) }))
