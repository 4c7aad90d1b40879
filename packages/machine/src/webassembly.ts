/**
 * The part of the WebAssembly JavaScript interface that Strata uses. Declared here because the core packages compile
 * without DOM and Node types; every engine provides it as a global.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer
  grow(pages: number): number
}
export interface WasmTable {
  readonly length: number
  get(index: number): unknown
  set(index: number, value: unknown): void
  grow(by: number): number
}
export interface WasmModule {
  readonly [wasmModule]?: never
}
declare const wasmModule: unique symbol
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}
export interface WasmNamespace {
  readonly Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number; maximum?: number }) => WasmTable
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule, imports?: Record<string, Record<string, unknown>>) => WasmInstance
  compile(bytes: Uint8Array): Promise<WasmModule>
  validate(bytes: Uint8Array): boolean
}

/** The engine's own `WebAssembly`, typed. */
export const webAssembly: WasmNamespace = (globalThis as unknown as { readonly WebAssembly: WasmNamespace }).WebAssembly
