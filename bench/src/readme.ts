import { markdownTable } from './table.ts'
import type { MachineDescription } from './machine-description.ts'
import type { Section } from './section.ts'

const described = ({ cpu, cores, memory, kernel, node, date, load, versions }: MachineDescription): string =>
  `Measured on ${date.slice(0, 10)}: ${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${Math.round(memory / 2 ** 30)} GiB, Linux ${kernel}, Node ${node}; `
  + `${Object.entries(versions).map(([name, version]) => `${name}: ${version}`).join('; ')}. `
  + `The load average was ${load} at the start${load > cores / 4 ? ': **others used the machine too, so expect noise**' : ''}.`

const beginning = `# Benchmarks
What Strata’s way of running a guest costs, measured beside what people use instead. This file is written by \`npm run bench\` from the figures in
[results](results/); nothing in it is typed by hand.

\`\`\`
npm run bench                                     # everything; some minutes
npm run bench -- compute boot                     # some groups: compute, programs, boot, memory, idle
npm run bench -- compute --only sha256 --rounds 3 --scale 0.5    # a quick look
npm run bench -- compute --node FILE              # the emulator on another Node as well
npm run bench -- --render                         # only writes this file anew
\`\`\`
It needs bash and Linux; QEMU and compilers are installed with apt-get where the user is root on Debian, otherwise groups that lack them are left
out, with the reason. Leave the machine alone meanwhile: figures of a machine that does other things are noisy, as their spread then shows.
A figure with a spread is a median (least–greatest) over the rounds.
`

/** The document. */
export const renderReadme = (sections: readonly Section[]): string =>
  [
    beginning,
    ...sections.map((section) => [
      `## ${section.title}`,
      described(section.machine),
      ...(section.chart === undefined ? [] : [`![${section.chart.title}](results/${section.group}.svg)`]),
      ...section.tables.map(({ title, table }) => `### ${title[0]!.toUpperCase()}${title.slice(1)}\n${markdownTable(table)}`),
      ...section.notes,
      `Command lines:\n\n${section.commands.map(({ name, command }) => `- ${name}: \`${command}\``).join('\n')}`,
    ].join('\n\n') + '\n'),
  ].join('\n')
