import type { Exit } from '@strata/machine'
import { csrBase, readCsr, writeCsr } from './csr.ts'
import type { HartState } from './hart-state.ts'
import { machine, status, supervisor, user } from './privilege.ts'
import { cause } from './walk.ts'

/** What the instructions executed on the host's side need of a hart. */
export interface ServiceHart {
  readonly state: HartState
  /** Traps at this instruction. */
  raise(code: number, value: bigint): void
  /** Retires this instruction and goes on behind it. */
  finish(): void
  /** Retires this instruction, which has set `pc` itself. */
  retireInPlace(): void
  /** Stops executing until an interrupt is pending. */
  wait(): void
  readonly handlesCallsOutside: boolean
  callOutside(): Exit
}

/** Executes one instruction. Returns an exit if the hart is to stop. */
export type Service = (hart: ServiceHart) => Exit | undefined

const illegal = (encoding: number): Service => (hart) => {
  hart.raise(cause.illegal, BigInt(encoding))
  return undefined
}

/** CSRRW, CSRRS, CSRRC and their immediate forms (unprivileged specification, chapter "Zicsr"). */
const csrAccess = (encoding: number): Service => {
  const address = encoding >>> 20
  const rd = (encoding >>> 7) & 31
  const rs1 = (encoding >>> 15) & 31
  const operation = (encoding >>> 12) & 3
  const immediate = ((encoding >>> 14) & 1) === 1
  const refuse = illegal(encoding)
  return (hart) => {
    const { state } = hart
    const source = immediate ? BigInt(rs1) : state.register(rs1)
    // CSRRW to x0 does not read; CSRRS and CSRRC from x0 do not write.
    const old = operation === 1 && rd === 0 ? 0n : readCsr(state, address)
    if (old === undefined) return refuse(hart)
    if (operation === 1 || rs1 !== 0) {
      const base = csrBase(state, address, old)
      const value = operation === 1 ? source : operation === 2 ? base | source : base & ~source
      if (!writeCsr(state, address, value)) return refuse(hart)
    }
    state.setRegister(rd, old)
    hart.finish()
    return undefined
  }
}

const environmentCall: Service = (hart) => {
  const { privilege } = hart.state
  if (privilege === supervisor && hart.handlesCallsOutside) return hart.callOutside()
  hart.raise(privilege === user ? cause.callFromUser : privilege === supervisor ? cause.callFromSupervisor : cause.callFromMachine, 0n)
  return undefined
}

const supervisorReturn = (encoding: number): Service => (hart) => {
  const { state } = hart
  const trapped = state.privilege === supervisor && (state.registers.mstatus & status.tsr) !== 0n
  if (state.privilege === user || trapped) return illegal(encoding)(hart)
  state.returnFromSupervisor()
  hart.retireInPlace()
  return undefined
}

const machineReturn = (encoding: number): Service => (hart) => {
  if (hart.state.privilege !== machine) return illegal(encoding)(hart)
  hart.state.returnFromMachine()
  hart.retireInPlace()
  return undefined
}

const waitForInterrupt = (encoding: number): Service => (hart) => {
  const { state } = hart
  const trapped = state.privilege === supervisor && (state.registers.mstatus & status.tw) !== 0n
  if (state.privilege === user || trapped) return illegal(encoding)(hart)
  hart.finish()
  hart.wait()
  return undefined
}

const fenceVma = (encoding: number): Service => (hart) => {
  const { state } = hart
  const trapped = state.privilege === supervisor && (state.registers.mstatus & status.tvm) !== 0n
  if (state.privilege === user || trapped) return illegal(encoding)(hart)
  const rs1 = (encoding >>> 15) & 31
  // With one address space (ASIDLEN is 0) rs2 makes no difference.
  state.fence(rs1 === 0 ? undefined : state.register(rs1))
  hart.finish()
  return undefined
}

/** FENCE.I: decoded code is dropped at the store that changes it, so nothing is left to do. */
const fenceInstructions: Service = (hart) => {
  hart.finish()
  return undefined
}

const breakpoint: Service = (hart) => {
  hart.raise(cause.breakpoint, hart.state.pc)
  return undefined
}

/** The service for an encoding that the tables list as one. */
export const services = (encoding: number): Service => {
  // The only short one is C.EBREAK.
  if ((encoding & 3) !== 3) return breakpoint
  const opcode = encoding & 0x7f
  const funct3 = (encoding >>> 12) & 7
  if (opcode === 0x0f) return fenceInstructions
  if (funct3 !== 0) return csrAccess(encoding)
  if (encoding >>> 25 === 0x09) return fenceVma(encoding)
  switch (encoding >>> 20) {
    case 0x000:
      return environmentCall
    case 0x001:
      return breakpoint
    case 0x102:
      return supervisorReturn(encoding)
    case 0x302:
      return machineReturn(encoding)
    case 0x105:
      return waitForInterrupt(encoding)
    default:
      return illegal(encoding)
  }
}
