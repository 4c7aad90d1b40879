import type { SbiCpu } from './cpu.ts'

const all = 0xffff_ffff_ffff_ffffn

/**
 * The harts of a hart list parameter (SBI 3.0, chapter 3 "Hart list parameter"): bit i of `mask` means hart
 * `base + i`; a base of -1 means every hart. `undefined` if any of them does not exist (`SBI_ERR_INVALID_PARAM`).
 */
export const selectHarts = (cpus: ReadonlyMap<bigint, SbiCpu>, mask: bigint, base: bigint): readonly SbiCpu[] | undefined => {
  if (base === all) return [...cpus.values()]
  const selected: SbiCpu[] = []
  for (let bit = 0n, rest = mask; rest !== 0n; bit++, rest >>= 1n) {
    if ((rest & 1n) === 0n) continue
    const cpu = cpus.get(base + bit)
    if (cpu === undefined) return undefined
    selected.push(cpu)
  }
  return selected
}
