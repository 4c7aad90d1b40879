import { DeviceTreeError, hex } from '../errors.ts'
import { decodeAscii } from '../text.ts'
import { fdtMagic, fdtVersion, headerSize, maximumDepth, maximumName, token } from './format.ts'
import type { DeviceTreeNode } from './node.ts'
import type { DeviceTree } from './tree.ts'

const bad = (message: string): never => {
  throw new DeviceTreeError('ERR_DEVICE_TREE_FORMAT', `not a flattened device tree: ${message}`)
}

/** A stretch of the file that is read word by word and never left. */
class Block {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #name: string
  at = 0

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#name = name
  }

  word(): number {
    this.#need(4)
    this.at += 4
    return this.#view.getUint32(this.at - 4)
  }

  double(): bigint {
    this.#need(8)
    this.at += 8
    return this.#view.getBigUint64(this.at - 8)
  }

  take(length: number): Uint8Array {
    this.#need(length)
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }

  /** A string up to a zero byte, which is consumed too. */
  text(): string {
    const window = this.#bytes.subarray(this.at, this.at + maximumName + 1)
    const length = window.indexOf(0)
    if (length < 0) return bad(`a name in the ${this.#name} does not end within ${String(maximumName)} characters`)
    const text = decodeAscii(window.subarray(0, length))
    this.at += length + 1
    return text ?? bad(`a name in the ${this.#name} is not ASCII`)
  }

  align(): void {
    this.at = Math.ceil(this.at / 4) * 4
  }

  #need(length: number): void {
    if (length > this.#bytes.length - this.at) bad(`the ${this.#name} ends at ${hex(this.at)}, ${String(length)} more bytes were expected`)
  }
}

const blocks = (bytes: Uint8Array): { readonly structure: Block; readonly strings: Uint8Array; readonly reservations: Block; readonly bootCpu: number } => {
  if (bytes.length < headerSize) bad(`the header needs ${String(headerSize)} bytes, the file has ${String(bytes.length)}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const field = (index: number): number => view.getUint32(index * 4)
  if (field(0) !== fdtMagic) bad(`it starts with ${hex(field(0))}, not ${hex(fdtMagic)}`)
  const total = field(1)
  if (total < headerSize || total > bytes.length) bad(`it says it has ${String(total)} bytes, but ${String(bytes.length)} came`)
  if (field(5) < fdtVersion || field(6) > fdtVersion) bad(`it has version ${String(field(5))}, readable from ${String(field(6))}; version ${String(fdtVersion)} was expected`)
  const part = (name: string, start: number, length: number, alignment: number): Uint8Array => {
    if (start < headerSize || start > total || length > total - start || start % alignment !== 0) bad(`the ${name} at ${hex(start)}, ${String(length)} bytes, is misplaced`)
    return bytes.subarray(start, start + length)
  }
  return {
    structure: new Block(part('structure block', field(2), field(9), 4), 'structure block'),
    strings: part('strings block', field(3), field(8), 1),
    reservations: new Block(part('memory reservation block', field(4), Math.max(0, total - field(4)), 8), 'memory reservation block'),
    bootCpu: field(7),
  }
}

/** Reads `bytes` into an empty tree. */
export const readFlattened = (bytes: Uint8Array, tree: DeviceTree): void => {
  const { structure, strings, reservations, bootCpu } = blocks(bytes)
  tree.bootCpu = bootCpu
  for (;;) {
    const address = reservations.double()
    const size = reservations.double()
    if (size === 0n) break
    tree.reserve(address, size)
  }

  const names = new Map<number, string>()
  const propertyName = (offset: number): string => {
    const known = names.get(offset)
    if (known !== undefined) return known
    if (offset >= strings.length) return bad(`a property's name is at ${hex(offset)}, beyond the strings block`)
    const name = new Block(strings.subarray(offset), 'strings block').text()
    names.set(offset, name)
    return name
  }

  const phandles = new Set<number>()
  let node: DeviceTreeNode | undefined
  let depth = 0
  for (;;) {
    const at = structure.at
    const kind = structure.word()
    if (kind === token.beginNode) {
      const name = structure.text()
      structure.align()
      if (++depth > maximumDepth) bad(`it is deeper than ${String(maximumDepth)} levels`)
      if (depth === 1) {
        if (node !== undefined || name !== '') bad('it has no single nameless root')
        node = tree.root
      } else node = node?.child(name)
    } else if (kind === token.property) {
      const length = structure.word()
      const name = propertyName(structure.word())
      const value = structure.take(length)
      structure.align()
      if (depth === 0 || node === undefined) return bad(`a property lies outside of all nodes at ${hex(at)}`)
      if (node.children.length > 0) bad(`a property of ${node.path} follows its children`)
      if (node.properties.has(name)) bad(`${node.path} has two properties '${name}'`)
      node.bytes(name, value)
      if (name === 'phandle') {
        const phandle = node.getCells(name)?.[0] ?? bad(`the phandle of ${node.path} is no integer`)
        if (phandles.has(phandle)) bad(`two nodes have the phandle ${String(phandle)}`)
        phandles.add(phandle)
      }
    } else if (kind === token.endNode) {
      if (depth === 0) bad(`a node ends at ${hex(at)} that did not begin`)
      depth--
      if (depth > 0) node = node?.parent
    } else if (kind === token.end) {
      if (depth !== 0 || node === undefined) bad('it ends within a node')
      return
    } else if (kind !== token.nop) bad(`there is no token ${hex(kind)}, found at ${hex(at)}`)
  }
}
