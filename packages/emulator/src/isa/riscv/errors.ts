import { MachineError } from '@strata/machine'

/**
 * A wrong description of a RISC-V CPU or instruction: `ERR_ISA_EXTENSION` (unknown, repeated or missing extension),
 * `ERR_ISA_MNEMONIC` (no such instruction), `ERR_ISA_OPERAND` (an operand is missing, unknown or does not fit).
 */
export class IsaError extends MachineError {}
