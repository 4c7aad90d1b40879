import { Bytes } from './bytes.ts'
import type { FunctionRef, Local, Signature } from './code.ts'
import { Code, typeCode } from './code.ts'
import type { Type } from './value.ts'

type Parameters<P extends readonly Type[]> = { readonly [K in keyof P]: Local<P[K]> }
type BodyOf<P extends readonly Type[]> = (code: Code, ...parameters: Parameters<P>) => void

interface Declared {
  readonly name: string
  readonly signature: number
  readonly code: Code
}

/** Which memory a module imports: `pages` of 64 KiB at least; a shared one names its maximum as well. */
export interface MemoryImport {
  readonly pages: number
  readonly shared: boolean
}

/**
 * Builds a WebAssembly module (core specification, section 5.5) that imports one memory as `host.memory` and functions
 * as `host.<name>`, and exports functions under their own names.
 */
export class ModuleBuilder {
  readonly #memory: MemoryImport
  readonly #signatures: Bytes[] = []
  readonly #signatureIndex = new Map<string, number>()
  readonly #imports: { readonly name: string; readonly signature: number }[] = []
  readonly #functions: (Declared | undefined)[] = []
  readonly #exports = new Map<string, number>()
  #usesTable = false

  constructor(memory: MemoryImport) {
    this.#memory = memory
  }

  /** Imports `host.<name>`. All imports come before the first `function` or `declare`. */
  import<const P extends readonly Type[], R extends Type | undefined>(name: string, parameters: P, result: R): FunctionRef<P, R> {
    if (this.#functions.length > 0) throw new Error(`import of ${name} after a function was declared: imports are numbered first`)
    this.#imports.push({ name, signature: this.#signature(parameters, result) })
    return { index: this.#imports.length - 1, parameters, result }
  }

  /** A function type for `Code.callIndirect`. With it the module imports `host.table`. */
  signature<const P extends readonly Type[], R extends Type | undefined>(parameters: P, result: R): Signature<P, R> {
    this.#usesTable = true
    return { type: this.#signature(parameters, result), parameters, result }
  }

  /** Names a function whose body comes later, so that others may call it already. */
  declare<const P extends readonly Type[], R extends Type | undefined>(
    name: string,
    parameters: P,
    result: R,
  ): { readonly ref: FunctionRef<P, R>; readonly define: (body: BodyOf<P>) => void } {
    const position = this.#functions.push(undefined) - 1
    const ref = { index: this.#imports.length + position, parameters, result }
    const define = (body: BodyOf<P>): void => {
      const code = new Code(parameters)
      const locals = parameters.map((type, index) => ({ type, node: { kind: 'local', index } }) as const)
      body(code, ...(locals as unknown as Parameters<P>))
      // A body that ends by returning needs no value at its end; one that falls off a result-typed function is a bug
      // which validation reports.
      if (result !== undefined) code.unreachable()
      this.#functions[position] = { name, signature: this.#signature(parameters, result), code }
    }
    return { ref, define }
  }

  /** A function and its body; a body with a result ends in `code.return(value)` on every path. */
  function<const P extends readonly Type[], R extends Type | undefined>(name: string, parameters: P, result: R, body: BodyOf<P>): FunctionRef<P, R> {
    const { ref, define } = this.declare(name, parameters, result)
    define(body)
    return ref
  }

  export(name: string, target: FunctionRef): void {
    this.#exports.set(name, target.index)
  }

  /** The module's binary. With `branchHints`, the hints go into the section the branch-hinting proposal names. */
  encode(options: { readonly branchHints?: boolean } = {}): Uint8Array {
    const functions = this.#functions.map((declared, position) => {
      if (declared === undefined) throw new Error(`function ${String(position)} was declared but never defined`)
      return { ...declared, ...declared.code.finish() }
    })
    const out = new Bytes().bytes(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
    const section = (id: number, content: Bytes): void => void out.u8(id).sized(content)

    const types = new Bytes().u32(this.#signatures.length)
    for (const signature of this.#signatures) types.bytes(signature)
    section(1, types)

    const imports = new Bytes().u32(this.#imports.length + (this.#usesTable ? 2 : 1)).name('host').name('memory').u8(2)
    if (this.#memory.shared) imports.u8(3).u32(this.#memory.pages).u32(this.#memory.pages)
    else imports.u8(0).u32(this.#memory.pages)
    if (this.#usesTable) imports.name('host').name('table').u8(1).u8(0x70).u8(0).u32(0)
    for (const { name, signature } of this.#imports) imports.name('host').name(name).u8(0).u32(signature)
    section(2, imports)

    const declarations = new Bytes().u32(functions.length)
    for (const { signature } of functions) declarations.u32(signature)
    section(3, declarations)

    const exports = new Bytes().u32(this.#exports.size)
    for (const [name, index] of this.#exports) exports.name(name).u8(0).u32(index)
    section(7, exports)

    if (options.branchHints === true) {
      const hinted = functions.map((f, position) => ({ hints: f.hints, position })).filter((f) => f.hints.length > 0)
      const hints = new Bytes().name('metadata.code.branch_hint').u32(hinted.length)
      for (const f of hinted) {
        hints.u32(this.#imports.length + f.position).u32(f.hints.length)
        for (const { offset, likely } of f.hints) hints.u32(offset).u32(1).u8(likely ? 1 : 0)
      }
      if (hinted.length > 0) section(0, hints)
    }

    const bodies = new Bytes().u32(functions.length)
    for (const { encoded } of functions) bodies.sized(encoded)
    section(10, bodies)

    // Names make profiles and stack traces readable.
    const names = new Bytes().u32(functions.length)
    for (const [position, { name }] of functions.entries()) names.u32(this.#imports.length + position).name(name)
    section(0, new Bytes().name('name').u8(1).sized(names))
    return out.view().slice()
  }

  #signature(parameters: readonly Type[], result: Type | undefined): number {
    const results = result === undefined ? [] : [result]
    const key = `${parameters.join(',')}:${results.join(',')}`
    const known = this.#signatureIndex.get(key)
    if (known !== undefined) return known
    const encoded = new Bytes().u8(0x60)
    for (const list of [parameters, results]) {
      encoded.u32(list.length)
      for (const type of list) encoded.u8(typeCode(type))
    }
    this.#signatures.push(encoded)
    const index = this.#signatures.length - 1
    this.#signatureIndex.set(key, index)
    return index
  }
}
