import { DeviceTreeError } from '../errors.ts'
import { decodeText, encodeText } from '../text.ts'

/** A property's value in pieces: bytes as they are, and references, which become the referred node's phandle. */
export type PropertyPart = Uint8Array | DeviceTreeNode

const nodeName = /^[0-9A-Za-z,._+-]+(@[0-9A-Za-z,._+-]+)?$/
const propertyName = /^[0-9A-Za-z,._+?#-]+$/

const cell = (value: number | bigint): Uint8Array => {
  const bytes = new Uint8Array(4)
  if (typeof value === 'number' ? !Number.isInteger(value) || value < 0 || value > 0xffff_ffff : value < 0n || value > 0xffff_ffffn) {
    throw new DeviceTreeError('ERR_DEVICE_TREE_VALUE', `a cell is an unsigned 32-bit integer, not ${String(value)}`)
  }
  new DataView(bytes.buffer).setUint32(0, Number(value))
  return bytes
}

/**
 * A node of a {@link DeviceTree}: properties in order, then children in order. The setters return the node, so that a
 * description reads as a chain. Names follow the Devicetree Specification 0.4, sections 2.2.1 and 2.2.4, except for
 * the limit of 31 characters, which published bindings exceed.
 */
export class DeviceTreeNode {
  /** With its unit address: `serial@10000000`; empty for the root. */
  readonly name: string
  readonly parent: DeviceTreeNode | undefined
  readonly #properties = new Map<string, readonly PropertyPart[]>()
  readonly #children = new Map<string, DeviceTreeNode>()

  /** Use {@link child}; only a tree's root is made directly. */
  constructor(name: string, parent?: DeviceTreeNode) {
    this.name = name
    this.parent = parent
  }

  /** `/soc/serial@10000000`, or `/`. */
  get path(): string {
    if (this.parent === undefined) return '/'
    return this.parent.parent === undefined ? `/${this.name}` : `${this.parent.path}/${this.name}`
  }

  get properties(): ReadonlyMap<string, readonly PropertyPart[]> {
    return this.#properties
  }

  get children(): readonly DeviceTreeNode[] {
    return [...this.#children.values()]
  }

  /** Adds a child. Throws `ERR_DEVICE_TREE_NAME` if the name is malformed or taken. */
  child(name: string): DeviceTreeNode {
    if (!nodeName.test(name)) throw new DeviceTreeError('ERR_DEVICE_TREE_NAME', `'${name}' is no node name: use letters, digits and ,._+- with an optional @address`)
    if (this.#children.has(name)) throw new DeviceTreeError('ERR_DEVICE_TREE_NAME', `${this.path} already has a child '${name}'`)
    const node = new DeviceTreeNode(name, this)
    this.#children.set(name, node)
    return node
  }

  /** The child of that name; the unit address may be left out if only one child matches. */
  find(name: string): DeviceTreeNode | undefined {
    const exact = this.#children.get(name)
    if (exact !== undefined) return exact
    const matching = this.children.filter((child) => child.name.split('@')[0] === name)
    return matching.length === 1 ? matching[0] : undefined
  }

  /** Sets a property from its parts, replacing one of that name. Throws `ERR_DEVICE_TREE_NAME`. */
  set(name: string, parts: readonly PropertyPart[]): this {
    if (!propertyName.test(name)) throw new DeviceTreeError('ERR_DEVICE_TREE_NAME', `'${name}' is no property name: use letters, digits and ,._+?#-`)
    this.#properties.set(name, parts)
    return this
  }

  remove(name: string): this {
    this.#properties.delete(name)
    return this
  }

  /** A property without a value, true by being there. */
  flag(name: string): this {
    return this.set(name, [])
  }

  /** Unsigned 32-bit integers, and nodes for their phandles. */
  cells(name: string, ...values: readonly (number | bigint | DeviceTreeNode)[]): this {
    return this.set(name, values.map((value) => (value instanceof DeviceTreeNode ? value : cell(value))))
  }

  /** One or more strings, each ended by a zero byte. */
  string(name: string, ...values: readonly string[]): this {
    const bad = values.find((value) => value.includes('\0'))
    if (bad !== undefined) throw new DeviceTreeError('ERR_DEVICE_TREE_VALUE', `the string for '${name}' must not contain a zero character`)
    return this.set(name, values.map((value) => encodeText(`${value}\0`)))
  }

  bytes(name: string, value: Uint8Array): this {
    return this.set(name, [new Uint8Array(value)])
  }

  /** `reg`: address and size pairs, in as many cells as the parent's `#address-cells` (2) and `#size-cells` (1) say. */
  reg(...ranges: readonly (readonly [address: number | bigint, size: number | bigint])[]): this {
    const addressCells = this.parent?.getCells('#address-cells')?.[0] ?? 2
    const sizeCells = this.parent?.getCells('#size-cells')?.[0] ?? 1
    return this.cells('reg', ...ranges.flatMap(([address, size]) => [...wide(address, addressCells), ...wide(size, sizeCells)]))
  }

  /** The value's bytes; `undefined` if the property is missing or holds references that are not yet numbers. */
  getBytes(name: string): Uint8Array | undefined {
    const parts = this.#properties.get(name)
    if (parts === undefined) return undefined
    const pieces: Uint8Array[] = []
    for (const part of parts) {
      if (part instanceof DeviceTreeNode) return undefined
      pieces.push(part)
    }
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  /** The value as 32-bit integers; `undefined` if it is missing or has another form. */
  getCells(name: string): number[] | undefined {
    const bytes = this.getBytes(name)
    if (bytes === undefined || bytes.length % 4 !== 0) return undefined
    const view = new DataView(bytes.buffer)
    return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4))
  }

  /** The value as strings; `undefined` if it is missing or has another form. */
  getStrings(name: string): string[] | undefined {
    const bytes = this.getBytes(name)
    if (bytes === undefined || bytes.length === 0 || bytes.at(-1) !== 0) return undefined
    try {
      return decodeText(bytes.subarray(0, -1)).split('\0')
    } catch {
      return undefined
    }
  }

  /** The first of the value's strings. */
  getString(name: string): string | undefined {
    return this.getStrings(name)?.[0]
  }
}

const wide = (value: number | bigint, cells: number): bigint[] => {
  let rest = BigInt(value)
  const result: bigint[] = []
  for (let index = 0; index < cells; index++) {
    result.unshift(rest & 0xffff_ffffn)
    rest >>= 32n
  }
  if (rest !== 0n) throw new DeviceTreeError('ERR_DEVICE_TREE_VALUE', `${String(value)} does not fit in ${String(cells)} cells`)
  return result
}
