/** Privilege levels as the specification numbers them. */
export const user = 0
export const supervisor = 1
export const machine = 3
export type Privilege = typeof user | typeof supervisor | typeof machine

/** Fields of `mstatus` (Privileged Architecture, "Machine Status Registers"). */
export const status: Readonly<Record<'sie' | 'mie' | 'spie' | 'mpie' | 'spp' | 'mpp' | 'fs' | 'mprv' | 'sum' | 'mxr' | 'tvm' | 'tw' | 'tsr' | 'uxl' | 'sxl' | 'sd', bigint>> = {
  sie: 1n << 1n,
  mie: 1n << 3n,
  spie: 1n << 5n,
  mpie: 1n << 7n,
  spp: 1n << 8n,
  mpp: 3n << 11n,
  fs: 3n << 13n,
  mprv: 1n << 17n,
  sum: 1n << 18n,
  mxr: 1n << 19n,
  tvm: 1n << 20n,
  tw: 1n << 21n,
  tsr: 1n << 22n,
  uxl: 2n << 32n,
  sxl: 2n << 34n,
  sd: 1n << 63n,
}

/** Interrupt numbers: bits of `mip` and `mie`. */
export const interrupt = { ssip: 1, msip: 3, stip: 5, mtip: 7, seip: 9, meip: 11 } as const
export type InterruptName = keyof typeof interrupt

/** Interrupts in the order in which simultaneous ones are taken ("Machine Interrupt Registers"). */
export const interruptPriority: readonly number[] = [
  interrupt.meip,
  interrupt.msip,
  interrupt.mtip,
  interrupt.seip,
  interrupt.ssip,
  interrupt.stip,
]
