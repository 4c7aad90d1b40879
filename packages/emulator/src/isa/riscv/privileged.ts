import type { Row } from '../../engine/table.ts'
import { None, rowsOf, TwoSources } from './formats.ts'

const { service } = rowsOf('privileged')

/** Machine and supervisor modes (privileged specification, sections 3.3 and 10.2). */
export const privileged: readonly Row[] = [
  service('sret', None, '0001000 00010 00000 000 00000 1110011'),
  service('mret', None, '0011000 00010 00000 000 00000 1110011'),
  service('wfi', None, '0001000 00101 00000 000 00000 1110011'),
  service('sfence.vma', TwoSources, '0001001 ..... ..... 000 00000 1110011'),
]
