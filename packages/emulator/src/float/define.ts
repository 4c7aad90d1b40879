import type { FunctionRef } from '../wasm/code.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { defineAdd } from './add.ts'
import type { Binary } from './binary.ts'
import { binary32, binary64 } from './binary.ts'
import { defineClass, defineCompare, defineMinMax } from './compare.ts'
import { defineFromInteger, defineNarrow, defineToInteger, defineWiden, integerTypes } from './convert.ts'
import { defineDivide } from './divide.ts'
import { defineDoubleFma, defineSingleFma } from './fma-host.ts'
import { defineExactFma } from './fma.ts'
import { defineMultiply } from './multiply.ts'
import { defineEnding } from './pack.ts'
import type { Ending } from './pack.ts'
import { defineSquareRoot } from './root.ts'

/**
 * Adds IEEE 754-2019 arithmetic on binary32 and binary64 to a module: exact results in the five rounding modes, exact flags,
 * underflow detected after rounding, every NaN result the canonical one.
 *
 * Each function takes first the address of the 32-bit cell that it ORs exception flags into (`Flag`), then, if it rounds, the
 * rounding mode (`Rounding`, 0 to 4), then its operands as raw bits: binary64 in i64, binary32 in i32. By name, `F` being
 * `f32` or `f64`:
 * - rounding: `F_add` `F_sub` `F_mul` `F_div` (a, b), `F_sqrt` (a), `F_fma` (a, b, c);
 * - without rounding: `F_eq` `F_lt` `F_le` (a, b; i32), `F_min` `F_max` (a, b), `F_class` (a; i32);
 * - `F_to_i32` `F_to_u32` `F_to_i64` `F_to_u64` (rounding; a; i64), `F_from_i32` … `F_from_u64` (rounding; i64);
 * - `f64_to_f32` (rounding; a), `f32_to_f64` (without rounding; a).
 */
export const defineFloat = (module: ModuleBuilder): Readonly<Record<string, FunctionRef>> => {
  const single = defineEnding(module, binary32)
  const double = defineEnding(module, binary64)
  return {
    ...defineFormat(module, binary32, single),
    ...defineFormat(module, binary64, double),
    f32_fma: defineSingleFma(module, defineExactFma(module, binary32, single)),
    f64_fma: defineDoubleFma(module, defineExactFma(module, binary64, double)),
    f32_to_f64: defineWiden(module, double),
    f64_to_f32: defineNarrow(module, single),
  }
}

const defineFormat = <T extends 'i32' | 'i64'>(
  module: ModuleBuilder,
  format: Binary<T>,
  ending: Ending<T>,
): Record<string, FunctionRef> => {
  const functions: Record<string, FunctionRef> = {
    ...defineAdd(module, format, ending),
    mul: defineMultiply(module, format, ending),
    div: defineDivide(module, format, ending),
    sqrt: defineSquareRoot(module, format, ending),
    ...defineCompare(module, format),
    ...defineMinMax(module, format, ending),
    class: defineClass(module, format),
  }
  for (const integer of integerTypes) {
    functions[`to_${integer.name}`] = defineToInteger(module, format, integer)
    functions[`from_${integer.name}`] = defineFromInteger(module, format, ending, integer)
  }
  return Object.fromEntries(Object.entries(functions).map(([name, target]) => [`${format.name}_${name}`, target]))
}
