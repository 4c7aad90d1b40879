import { expect, test } from 'vitest'
import { MarkReader } from '../src/marked-run.ts'
import { opensslRates, OutputError, programText, sevenZipRates, zstdRates } from '../src/programs.ts'
import { sectionOf } from '../src/section.ts'
import type { ProgramResults } from '../src/program-suite.ts'

const sevenZip = `
                       Compressing  |                  Decompressing
18:        720   100    643    642  |       3510   100    284    283
----------------------------------  | ------------------------------
Avr:       720   100    643    642  |       3510   100    284    283
Tot:             100    463    463
`

const openssl = `+H:8192
+F:6:sha256:13116008.60
+F:19:aes-128-cbc:11550720.00
+F2:2:2048:31.683168:1859.000000:1742.000000:38.613861
`

test('programs say how fast they were', () => {
  expect(sevenZipRates(sevenZip)).toEqual({ packing: 642, unpacking: 283 })
  expect(opensslRates(openssl)).toEqual({ sha256: 13116008.6, aes: 11550720, sign: 31.683168, verify: 1859 })
  expect(zstdRates('|-text : 10 -> 5\r|-text : 10 -> 5 (x2.0),   9.9 MB/s\r 3#text : 10 -> 5 (x2.000),   5.29 MB/s,   11.5 MB/s\n')).toEqual({ packing: 5.29, unpacking: 11.5 })
})

test.each([
  ['7z b', () => sevenZipRates('Illegal instruction')],
  ['7z b with a rating of 0', () => sevenZipRates(sevenZip.replaceAll('642', '  0'))],
  ['openssl without a line', () => opensslRates(openssl.replace('sha256', 'sha512'))],
  ['zstd that was cut off', () => zstdRates('3#text : 10 -> 5 (x2.000),   5.29 MB/s')],
])('%s is refused, with what was printed', (_, call) => {
  expect(call).toThrow(OutputError)
})

test('the text is the same everywhere, as long as was asked for, and worth compressing', () => {
  const text = programText(20_000)
  expect(text.length).toBeGreaterThanOrEqual(20_000)
  expect(text.length).toBeLessThan(20_500)
  expect(programText(20_000)).toBe(text)
  expect(new Set(text.split(/\s/)).size).toBeGreaterThan(500)
})

test('marks are read across pieces, with a console’s line ends, and nothing else is', () => {
  let now = 0
  const reader = new MarkReader(() => ({ wall: ++now, cpu: now * 2 }))
  const text = 'booting\r\n@begin one\r\nnot output\r\n@end one 0\r\nfirst\r\nsecond @end\r\n@shown one\r\nbetween\r\n@begin two\r\n@end two 3\r\n@shown two\r\n@begin three\r\n'
  for (const character of text) reader.push(character)
  expect([...reader.runs]).toEqual([
    ['one', { wall: 1, cpu: 2, status: 0, output: 'first\nsecond @end' }],
    ['two', { wall: 1, cpu: 2, status: 3, output: '' }],
  ])
})

test('a section of programs has a row for each figure, with rates turned round', () => {
  const run = (cpu: number, packing: number) => ({ timed: { wall: cpu, cpu }, rated: { wall: 1, cpu: 1, rates: { packing } } })
  const [native, qemu, strata] = [run(0.1, 100), run(1, 10), run(2, 40)]
  const results: ProgramResults = {
    group: 'programs',
    machine: { cpu: 'A CPU', cores: 4, memory: 2 ** 33, kernel: '6.1', node: '20.20.2', date: '2026-01-02T03:04:05.000Z', load: 0, versions: {} },
    guest: { kernelVersion: '6.12', memory: '1G' },
    contestants: ['native', 'qemu', 'strata'].map((name) => ({ name, command: name })),
    programs: [
      { name: 'perl', what: 'a script', runs: { native: [native.timed], qemu: [qemu.timed], strata: [strata.timed] } },
      { name: 'zstd', what: 'zstd -b', runs: { native: [native.rated], qemu: [qemu.rated], strata: [strata.rated] } },
    ],
  }
  expect(sectionOf(results).tables[0]!.table.rows).toEqual([
    ['perl', '2.00', '0.500', '20.0', '10.0'],
    ['zstd packing', '', '4.00', '2.50', '10.0'],
    ['geometric mean', '', '1.41', '7.07', '10.0'],
  ])
  const withoutNative = { qemu: [qemu.timed], strata: [strata.timed] }
  expect(sectionOf({ ...results, programs: [{ ...results.programs[0]!, runs: withoutNative }] }).tables[0]!.table.rows).toEqual([
    ['perl', '2.00', '0.500', '', ''],
    ['geometric mean', '', '0.500', '', ''],
  ])
})
