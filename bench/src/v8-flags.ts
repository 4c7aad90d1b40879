import { setFlagsFromString } from 'node:v8'

/** V8 14 (Node 25) has branch hints on by default; before, they are a flag. */
const onByDefault = 25

/** Turns on what the emulator's WebAssembly is made for. Call it before the first module is compiled. */
export const turnOnBranchHints = (): void => {
  if (Number(process.versions.node.split('.')[0]) < onByDefault) setFlagsFromString('--experimental-wasm-branch-hinting')
}
