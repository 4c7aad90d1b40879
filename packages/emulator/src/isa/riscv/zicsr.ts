import type { Row } from '../../engine/table.ts'
import { Csr, CsrImmediate, rowsOf } from './formats.ts'

const { service } = rowsOf('zicsr')

/** Zicsr: control and status registers (chapter 6). */
export const zicsr: readonly Row[] = [
  service('csrrw', Csr, '............ ..... 001 ..... 1110011'),
  service('csrrs', Csr, '............ ..... 010 ..... 1110011'),
  service('csrrc', Csr, '............ ..... 011 ..... 1110011'),
  service('csrrwi', CsrImmediate, '............ ..... 101 ..... 1110011'),
  service('csrrsi', CsrImmediate, '............ ..... 110 ..... 1110011'),
  service('csrrci', CsrImmediate, '............ ..... 111 ..... 1110011'),
]
