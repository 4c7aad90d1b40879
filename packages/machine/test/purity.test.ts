import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = join(import.meta.dirname, '../src')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const isaWords = /riscv|risc-v|\brv(32|64)|\bhart|\bsatp|\bmtvec|\bstvec|\bmstatus|\bx86|\bamd64|\bi386|\barm64|aarch64|powerpc|\bppc|\bsbi\b|\bpapr\b|\bcsr\b|\bwfi\b|\becall\b/i

describe('the sources', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(isaWords.test('satp')).toBe(true)
  })

  it.each(files)('%s contains no word of an instruction set', (name) => {
    const lines = readFileSync(join(source, name), 'utf8').split('\n')
    expect(lines.filter((line) => isaWords.test(line))).toEqual([])
  })

  it.each(files)('%s imports only its neighbours', (name) => {
    const imports = [...readFileSync(join(source, name), 'utf8').matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '')
    expect(imports.filter((path) => !/^\.\.?\/.*\.ts$/.test(path))).toEqual([])
  })
})
