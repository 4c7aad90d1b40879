import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tiers } from '../support/tiers.ts'
import { assemble } from '../support/toolchain.ts'
import { chromiumPath, withPage } from './page.ts'
import { runGuest, runStreams } from './scenario.ts'
import type { GuestResult } from './scenario.ts'

const kernelFolder = join(import.meta.dirname, '../../../../bench/kernels')
const kernels = ['sha256', 'sort', 'bytecode', 'matrix', 'nbody', 'strings', 'pointers', 'crc-sieve']
/** Instructions after which another board goes on. */
const halfWay = (name: string): number => (name === 'guest' ? 100 : 100_003)
const folder = mkdtempSync(join(tmpdir(), 'strata-page-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

/** A compute kernel as an ELF file for the bare board, which runs it once. */
const compile = (name: string): Uint8Array => {
  const [output, script] = [join(folder, `${name}.elf`), join(kernelFolder, 'bare.ld')]
  execFileSync('riscv64-linux-gnu-gcc', [
    '-O2', '-std=c11', '-ffreestanding', '-ffp-contract=off', '-fno-math-errno', '-fno-tree-loop-distribute-patterns', '-march=rv64gc', '-mabi=lp64d', '-mcmodel=medany',
    '-fno-pic', '-static', '-no-pie', '-nostdlib', '-Wl,--build-id=none', `-Wl,-T,${script}`, '-DREPETITIONS=1', join(kernelFolder, 'bare.c'), join(kernelFolder, `${name}.c`), '-o', output,
  ])
  return readFileSync(output)
}

/** Calls a function of the scenario in the page. */
const call = (name: string, ...operands: readonly unknown[]): string =>
  `import('/emulator/test/browser/scenario.ts').then((scenario) => scenario.${name}(...${JSON.stringify(operands)}))`

describe.each(tiers)('$name in Chromium', ({ name: tier }) => {
  it.for([true, false])('runs guests and kernels as Node does, to the instruction and the bit (cross-origin isolated: %s)', { timeout: 300_000 }, async (isolated, context) => {
    const path = chromiumPath() ?? context.skip('no Chromium: install it, or name it in CHROMIUM')
    const guest = assemble(readFileSync(join(import.meta.dirname, 'guest.S'), 'utf8'), 0x8000_0000).bytes
    // One kind of page tries the kernels; what differs between the two is only how memory is shared.
    const programs = new Map([['guest', guest], ...(isolated ? kernels : kernels.slice(0, 1)).map((name) => [name, compile(name)] as const)])
    const expected = new Map<string, GuestResult>()
    for (const [name, program] of programs) expected.set(name, await runGuest(tier, program, halfWay(name)))
    expect(expected.get('guest')).toMatchObject({ stop: { kind: 'poweroff', code: 0 }, printed: 'abcdefgh\n', shared: true })
    await withPage(path, isolated, async (page) => {
      expect(await page.evaluate('crossOriginIsolated')).toBe(isolated)
      for (const [name, program] of programs) {
        expect(await page.evaluate(call('runGuest', tier, [...program], halfWay(name))), name).toEqual({ ...expected.get(name), shared: isolated })
        expect(expected.get(name)!.stop, name).toEqual({ kind: 'poweroff', code: 0 })
      }
    })
  })

  it('executes random programs of every unprivileged instruction as Node does', { timeout: 300_000 }, async (context) => {
    const path = chromiumPath() ?? context.skip('no Chromium: install it, or name it in CHROMIUM')
    const expected = runStreams(tier, 1, 300)
    expect(await withPage(path, true, (page) => page.evaluate(call('runStreams', tier, 1, 300)))).toEqual(expected)
  })
})
