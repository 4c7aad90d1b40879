import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderChart } from './chart.ts'
import { renderReadme } from './readme.ts'
import { sectionOf } from './section.ts'
import type { Results, Section } from './section.ts'

/** In the order in which they are run and shown. */
export const groups: readonly Results['group'][] = ['compute', 'programs', 'boot', 'memory', 'idle']

const write = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.tmp`, text)
  await rename(`${path}.tmp`, path)
}

/** Keeps a group's results in `folder`/results, in place of older ones. */
export const storeResults = async (folder: string, results: Results): Promise<void> => {
  await mkdir(join(folder, 'results'), { recursive: true })
  await write(join(folder, 'results', `${results.group}.json`), `${JSON.stringify(results, null, 1)}\n`)
}

const readResults = async (folder: string, group: Results['group']): Promise<Results | undefined> => {
  try {
    return JSON.parse(await readFile(join(folder, 'results', `${group}.json`), 'utf8')) as Results
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes README.md and charts in `folder` from all results that are kept there. */
export const writeReadme = async (folder: string): Promise<void> => {
  const sections: Section[] = []
  for (const group of groups) {
    const results = await readResults(folder, group)
    if (results !== undefined) sections.push(sectionOf(results))
  }
  for (const { group, chart } of sections) if (chart !== undefined) await write(join(folder, 'results', `${group}.svg`), renderChart(chart))
  await write(join(folder, 'README.md'), renderReadme(sections))
}
