import { describe, expect, test } from 'vitest'
import { parseCommandLine, UsageError } from '../src/command-line.ts'
import { parseTimes } from '../src/measured-run.ts'
import { parseMaps, parseStatTicks, presentPages, ramMapping } from '../src/process-accounts.ts'

describe('the command line', () => {
  test('without words, everything', () => {
    expect(parseCommandLine([])).toEqual({ groups: ['compute', 'programs', 'boot', 'memory', 'idle'], rounds: 5, scale: 1, only: [], nodes: [], render: false })
  })

  test('takes groups and options in any order', () => {
    expect(parseCommandLine(['--rounds', '3', 'boot', '--scale=0.5', 'idle', '--only', 'sort,sha256', '--node', 'a', '--node', 'b', '--render'])).toEqual({
      groups: ['boot', 'idle'], rounds: 3, scale: 0.5, only: ['sort', 'sha256'], nodes: ['a', 'b'], render: true,
    })
  })

  test.each([
    [['speed'], /no group speed; there are: compute/],
    [['--only', 'md5'], /no kernel md5; there are: sha256/],
    [['--rounds', '0'], /--rounds takes a positive whole number, not "0"/],
    [['--rounds', '1.5'], /whole/],
    [['--scale', 'fast'], /--scale takes a positive number, not "fast"/],
    [['--scale', 'Infinity'], /positive number/],
    [['--fast'], /--fast/],
  ])('refuses %j', (words, message) => {
    expect(() => parseCommandLine(words)).toThrow(message)
    expect(() => parseCommandLine(words)).toThrow(UsageError)
  })
})

test.each([
  ['1.500 0.250\n', 1.75],
  ['0.000 0.004', 0.004],
  ['', undefined],
  ['1.5 0.25', undefined],
  ['real 1.000 0.000\n', undefined],
])('the times %j are %j s', (text, seconds) => {
  expect(parseTimes(text)).toBe(seconds)
})

test('a process’s ticks, whatever its name', () => {
  const rest = Array.from({ length: 40 }, (_, field) => field).join(' ')
  expect(parseStatTicks(`12 (node) S ${rest}`)).toBe(10 + 11)
  expect(parseStatTicks(`12 (a) b (c d) S ${rest}`)).toBe(10 + 11)
  expect(parseStatTicks(`12 (node) S ${rest}`, true)).toBe(10 + 11 + 12 + 13)
})

test('a guest’s RAM is in the smallest writable mapping that holds it', () => {
  const ram = 0x2000_0000
  const maps = parseMaps([
    '00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/node',
    '7f0000000000-7f0400000000 ---p 00000000 00:00 0',
    '7f1000000000-7f1020000000 r--p 00000000 00:00 0',
    '7f2000000000-7f2030000000 rw-p 00000000 00:00 0',
    '7f3000000000-7f3021000000 rw-s 00000000 00:01 9 /dev/zero (deleted)',
    '7f4000000000-7f401ffff000 rw-p 00000000 00:00 0',
    '7f5000000000-7f5080000000 rw-p 00000000 00:00 0',
    '',
  ].join('\n'))
  expect(maps).toHaveLength(7)
  expect(ramMapping(maps, ram)).toEqual({ start: 0x7f30_0000_0000, end: 0x7f30_2100_0000, permissions: 'rw-s' })
  expect(ramMapping(maps, ram * 8)).toBeUndefined()
})

test('pages are present by the uppermost bit of their entries', () => {
  const entries = new Uint8Array(4 * 8)
  entries[7] = 0x80
  entries[15] = 0x40
  entries[16] = 0xff
  entries[31] = 0x81
  expect(presentPages(entries)).toBe(2)
})
