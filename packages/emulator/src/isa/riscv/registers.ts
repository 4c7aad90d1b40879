/** Names of the integer registers x0 to x31 in the standard calling convention. */
export const integerRegisters: readonly string[] = (
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'
).split(' ')

/** Names of the floating-point registers f0 to f31 in the standard calling convention. */
export const floatRegisters: readonly string[] = (
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'
).split(' ')

/** Consecutive control registers: the first one's number, then names; `-` is a gap, `name3..31` a numbered run. */
const blocks: readonly (readonly [first: number, names: string])[] = [
  // Unprivileged: floating point, vectors, entropy, counters.
  [0x001, 'fflags frm fcsr'],
  [0x008, 'vstart vxsat vxrm - - - - vcsr'],
  [0x015, 'seed'],
  [0xc00, 'cycle time instret hpmcounter3..31 vl vtype vlenb'],
  // Supervisor.
  [0x100, 'sstatus - - - sie stvec scounteren - - - senvcfg - sstateen0..3'],
  [0x140, 'sscratch sepc scause stval sip'],
  [0x14d, 'stimecmp - - siselect sireg'],
  [0x15c, 'stopei'],
  [0x180, 'satp'],
  [0x5a8, 'scontext'],
  [0xda0, 'scountovf'],
  [0xdb0, 'stopi'],
  // Hypervisor and virtual supervisor.
  [0x200, 'vsstatus - - - vsie vstvec'],
  [0x240, 'vsscratch vsepc vscause vstval vsip'],
  [0x24d, 'vstimecmp - - vsiselect vsireg'],
  [0x25c, 'vstopei'],
  [0x280, 'vsatp'],
  [0x600, 'hstatus - hedeleg hideleg hie htimedelta hcounteren hgeie hvien hvictl henvcfg - hstateen0..3'],
  [0x643, 'htval hip hvip hviprio1 hviprio2 - - htinst'],
  [0x680, 'hgatp'],
  [0x6a8, 'hcontext'],
  [0xe12, 'hgeip'],
  [0xeb0, 'vstopi'],
  // Machine.
  [0xf11, 'mvendorid marchid mimpid mhartid mconfigptr'],
  [0xfb0, 'mtopi'],
  [0x300, 'mstatus misa medeleg mideleg mie mtvec mcounteren - mvien mvip menvcfg - mstateen0..3'],
  [0x320, 'mcountinhibit - - mhpmevent3..31'],
  [0x340, 'mscratch mepc mcause mtval mip - - - - - mtinst mtval2 - - - - miselect mireg'],
  [0x35c, 'mtopei'],
  [0x3a0, 'pmpcfg0..15 pmpaddr0..63'],
  [0x747, 'mseccfg'],
  [0xb00, 'mcycle - minstret mhpmcounter3..31'],
  // Debug and trace.
  [0x7a0, 'tselect tdata1 tdata2 tdata3 tinfo tcontrol - - mcontext - mscontext'],
  [0x7b0, 'dcsr dpc dscratch0 dscratch1'],
]

const expand = (name: string): readonly string[] => {
  const run = /^(\D+)(\d+)\.\.(\d+)$/.exec(name)
  if (run === null) return [name]
  const [stem, first, last] = [run[1]!, Number(run[2]), Number(run[3])]
  return Array.from({ length: last - first + 1 }, (_, index) => `${stem}${first + index}`)
}

/** Names of the control and status registers an RV64 hart may have, by number (privileged specification, chapter 2). */
export const controlRegisters: ReadonlyMap<number, string> = new Map(
  blocks.flatMap(([first, names]) =>
    names
      .split(' ')
      .flatMap(expand)
      .map((name, index) => [first + index, name] as const)
      .filter(([, name]) => name !== '-'),
  ),
)
