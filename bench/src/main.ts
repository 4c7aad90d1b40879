// npm run bench [-- GROUP… --rounds N --scale X --only KERNEL --node FILE --render]
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { measureBoot } from './boot.ts'
import { parseCommandLine, UsageError } from './command-line.ts'
import { measureCompute } from './compute.ts'
import { isLeftOut } from './group.ts'
import { measurePrograms } from './program-suite.ts'
import { measureIdle, measureMemory } from './resting.ts'
import { storeResults, writeReadme } from './result-files.ts'
import { sectionOf } from './section.ts'
import { plainTable } from './table.ts'
import type { BenchRequest } from './command-line.ts'
import type { GroupOptions, LeftOut } from './group.ts'
import type { Results } from './section.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const work = fileURLToPath(new URL('../../node_modules/.cache/strata/bench', import.meta.url))

const measure: Readonly<Record<Results['group'], (options: GroupOptions) => Promise<Results | LeftOut>>> = {
  compute: measureCompute,
  programs: measurePrograms,
  boot: measureBoot,
  memory: measureMemory,
  idle: measureIdle,
}

/** What is being measured, in one line that is overwritten; nothing where nobody watches. */
const report = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`)
}

const bench = async (request: BenchRequest): Promise<void> => {
  const [load = 0] = loadavg()
  if (!request.render && load > availableParallelism() / 4) console.log(`The machine is busy (load average ${load.toFixed(1)}): expect noise.\n`)
  // What was measured in part is no result of the whole.
  const whole = request.only.length === 0
  for (const group of request.render ? [] : request.groups) {
    const results = await measure[group]({ ...request, sources: fileURLToPath(new URL('../kernels', import.meta.url)), work, report })
    report('')
    if (isLeftOut(results)) {
      console.log(`${group} is left out: ${results.reason}\n`)
      continue
    }
    for (const { title, table } of sectionOf(results).tables) console.log(`${group}: ${title}\n${plainTable(table)}\n`)
    if (whole) await storeResults(folder, results)
  }
  if (whole) await writeReadme(folder)
}

try {
  await bench(parseCommandLine(process.argv.slice(2)))
} catch (error) {
  report('')
  console.error(error instanceof UsageError ? `bench: ${error.message}` : error)
  process.exitCode = 1
}
