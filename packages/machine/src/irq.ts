/**
 * A wire that asks for attention. Level-triggered: it stays as set until it is set again. What lies behind (an
 * interrupt controller's input, a CPU's pin, a kernel's irqchip) is hidden from the device that drives it.
 */
export interface IrqLine {
  /** Drives the line high (`true`: attention wanted) or low. Setting a level it already has is harmless. */
  set(level: boolean): void
}
