import { describe, expect, test } from 'vitest'
import { renderReadme } from '../src/readme.ts'
import { sectionOf } from '../src/section.ts'
import type { BootResults } from '../src/boot.ts'
import type { ComputeResults } from '../src/compute.ts'
import type { MachineDescription } from '../src/machine-description.ts'
import type { IdleResults, MemoryResults } from '../src/resting.ts'

const machine: MachineDescription = {
  cpu: 'A CPU', cores: 4, memory: 8 * 2 ** 30, kernel: '6.1', node: '20.20.2', date: '2026-01-02T03:04:05.000Z', load: 0.1, versions: { qemu: 'QEMU 7.2' },
}
const guest = { kernelVersion: '6.12-riscv64', memory: '512M' }
const contestants = [{ name: 'qemu', command: 'qemu-system-riscv64 …' }, { name: 'strata', command: 'node …' }]
const both = (seconds: number): { wall: number; cpu: number } => ({ wall: seconds * 2, cpu: seconds })

const compute: ComputeResults = {
  group: 'compute',
  machine,
  contestants: [{ name: 'native', command: './KERNEL' }, { name: 'qemu', command: 'qemu' }, { name: 'interpreter', command: 'node' }],
  compilers: { guest: 'riscv64-linux-gnu-gcc -O2', native: 'gcc -O2' },
  kernels: [
    {
      name: 'sha256', what: 'hashing', repetitions: { short: 2, long: 10 }, checksum: '00ff', instructions: 400e6,
      times: { native: [both(0.1), both(0.2)], qemu: [both(0.5), both(1)], interpreter: [both(1), both(2)] },
    },
    {
      name: 'sort', what: 'sorting', repetitions: { short: 2, long: 10 }, checksum: '01', instructions: 100e6,
      times: { native: [both(0.1), both(0.1)], qemu: [both(1), both(1)], interpreter: [both(0.5), both(0.5)] },
    },
  ],
}

const boot: BootResults = {
  group: 'boot', machine, guest, contestants,
  times: {
    qemu: [{ wall: 2, cpu: 1.5, userland: 1 }, { wall: 3, cpu: 1.5, userland: 1 }],
    strata: [{ wall: 6, cpu: 3, userland: 5, instructions: 1.2e9 }, { wall: 6, cpu: 6, userland: 5, instructions: 1.2e9 }],
  },
}
const memory: MemoryResults = {
  group: 'memory', machine, guest, contestants,
  memory: { qemu: [{ resident: 200 * 2 ** 20, peak: 210 * 2 ** 20, guest: 90 * 2 ** 20 }], strata: [{ resident: 220 * 2 ** 20, peak: 250 * 2 ** 20, guest: 80 * 2 ** 20 }] },
}
const idle: IdleResults = { group: 'idle', machine, guest, contestants, seconds: 10, share: { qemu: [0.002], strata: [0.015] } }

describe('sections', () => {
  test('compute: medians of processor time, instructions over it, ratios by round, geometric means', () => {
    const { tables: [first], chart } = sectionOf(compute)
    expect(first!.title).toBe('interpreter')
    expect(first!.table.rows).toEqual([
      ['sha256', '0.150', '0.750', '1.50', '267', '0.500 (0.500–0.500)', '0.500', '10.0 (10.0–10.0)', '5.00'],
      ['sort', '0.100', '1.00', '0.500', '200', '2.00 (2.00–2.00)', '2.00', '5.00 (5.00–5.00)', '10.0'],
      ['geometric mean', '', '', '', '231', '1.00', '1.00', '7.07', '7.07'],
    ])
    expect(chart).toMatchObject({ series: ['interpreter', 'native'], rows: [{ label: 'sha256', values: [0.5, 5] }, { label: 'sort', values: [2, 10] }] })
  })

  test('compute: a table for each engine', () => {
    const results = {
      ...compute,
      contestants: [...compute.contestants, { name: 'translator', command: 'node' }],
      kernels: compute.kernels.map((kernel) => ({ ...kernel, times: { ...kernel.times, translator: kernel.times['native']! } })),
    }
    expect(sectionOf(results).tables.map(({ title }) => title)).toEqual(['interpreter', 'translator'])
    expect(sectionOf(results).tables[1]!.table.rows[1]![5]).toBe('10.0 (10.0–10.0)')
  })

  test('boot: times with their spread, ratios by round', () => {
    expect(sectionOf(boot).tables[0]!.table.rows).toEqual([
      ['qemu', '1.00 (1.00–1.00)', '2.50 (2.00–3.00)', '1.50 (1.50–1.50)', '', '', ''],
      ['strata', '5.00 (5.00–5.00)', '6.00 (6.00–6.00)', '4.50 (3.00–6.00)', '1200 (1200–1200)', '2.50 (2.00–3.00)', '3.00 (2.00–4.00)'],
    ])
  })

  test('memory: what is above the guest’s own', () => {
    expect(sectionOf(memory).tables[0]!.table.rows).toEqual([
      ['qemu', '200', '90.0', '110', '120'],
      ['strata', '220', '80.0', '140', '170'],
    ])
  })

  test('idle: percent of a core', () => {
    expect(sectionOf(idle).tables[0]!.table.rows).toEqual([['qemu', '0.200'], ['strata', '1.50']])
  })
})

describe('the document', () => {
  const text = renderReadme([compute, boot, memory, idle].map(sectionOf))

  test('has all groups with machine, tables and command lines', () => {
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(['Compute', 'Boot', 'Memory', 'Idle'])
    expect(text).toContain('Measured on 2026-01-02: A CPU, 4 cores, 8 GiB, Linux 6.1, Node 20.20.2; qemu: QEMU 7.2. The load average was 0.1 at the start.')
    expect(text).toContain('| sort | 0.100 | 1.00 | 0.500 | 200 |')
    expect(text).toContain('- compiler for the guest: `riscv64-linux-gnu-gcc -O2`')
    expect(text).toContain('](results/compute.svg)')
    expect(text).not.toContain('boot.svg')
  })

  test('says when the machine was not quiet', () => {
    expect(text).not.toContain('expect noise')
    expect(renderReadme([sectionOf({ ...idle, machine: { ...machine, load: 1.5 } })])).toContain('expect noise')
  })

  test('without results, still says how to get them', () => {
    expect(renderReadme([])).toContain('npm run bench')
  })
})
