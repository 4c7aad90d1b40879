import { DeviceTreeError } from '../errors.ts'
import { encodeText } from '../text.ts'
import { fdtLastCompatibleVersion, fdtMagic, fdtVersion, headerSize, maximumDepth, token } from './format.ts'
import { DeviceTreeNode } from './node.ts'
import type { DeviceTree } from './tree.ts'

/** A growing run of big-endian words. */
class Words {
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  length = 0

  word(value: number): void {
    this.#room(4)
    this.#view.setUint32(this.length, value)
    this.length += 4
  }

  double(value: bigint): void {
    this.#room(8)
    this.#view.setBigUint64(this.length, value)
    this.length += 8
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#bytes.set(value, this.length)
    this.length += value.length
  }

  align(unit: number): void {
    const padding = (unit - (this.length % unit)) % unit
    this.#room(padding)
    this.length += padding
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

const walk = function* (node: DeviceTreeNode, depth: number = 0): Generator<DeviceTreeNode> {
  if (depth > maximumDepth) throw new DeviceTreeError('ERR_DEVICE_TREE_VALUE', `the tree is deeper than ${String(maximumDepth)} levels at ${node.path}`)
  yield node
  for (const child of node.children) yield* walk(child, depth + 1)
}

/** Numbers for the nodes that are referred to: their own `phandle` property where they have one, else the next free. */
const assignPhandles = (nodes: readonly DeviceTreeNode[]): ReadonlyMap<DeviceTreeNode, number> => {
  const taken = new Set<number>()
  const phandles = new Map<DeviceTreeNode, number>()
  for (const node of nodes) {
    const own = node.getCells('phandle')?.[0]
    if (own === undefined) continue
    if (own === 0 || own === 0xffff_ffff || taken.has(own)) throw new DeviceTreeError('ERR_DEVICE_TREE_REFERENCE', `the phandle ${String(own)} of ${node.path} is reserved or taken`)
    taken.add(own)
    phandles.set(node, own)
  }
  const inTree = new Set(nodes)
  let next = 1
  for (const node of nodes) {
    for (const [name, parts] of node.properties) {
      for (const part of parts) {
        if (!(part instanceof DeviceTreeNode) || phandles.has(part)) continue
        if (!inTree.has(part)) throw new DeviceTreeError('ERR_DEVICE_TREE_REFERENCE', `'${name}' of ${node.path} refers to ${part.path}, which is not in this tree`)
        while (taken.has(next)) next++
        taken.add(next)
        phandles.set(part, next)
      }
    }
  }
  return phandles
}

class Strings {
  readonly #offsets = new Map<string, number>()
  readonly words: Words = new Words()

  offset(text: string): number {
    const known = this.#offsets.get(text)
    if (known !== undefined) return known
    const offset = this.words.length
    this.#offsets.set(text, offset)
    this.words.bytes(encodeText(`${text}\0`))
    return offset
  }
}

const writeNode = (node: DeviceTreeNode, out: Words, strings: Strings, phandles: ReadonlyMap<DeviceTreeNode, number>): void => {
  const property = (name: string, parts: readonly Uint8Array[]): void => {
    out.word(token.property)
    out.word(parts.reduce((sum, part) => sum + part.length, 0))
    out.word(strings.offset(name))
    for (const part of parts) out.bytes(part)
    out.align(4)
  }
  const reference = (target: DeviceTreeNode): Uint8Array => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, phandles.get(target) ?? 0)
    return bytes
  }
  out.word(token.beginNode)
  out.bytes(encodeText(`${node.name}\0`))
  out.align(4)
  for (const [name, parts] of node.properties) {
    property(name, parts.map((part) => (part instanceof DeviceTreeNode ? reference(part) : part)))
  }
  if (phandles.has(node) && !node.properties.has('phandle')) property('phandle', [reference(node)])
  for (const child of node.children) writeNode(child, out, strings, phandles)
  out.word(token.endNode)
}

export const writeFlattened = (tree: DeviceTree): Uint8Array => {
  const phandles = assignPhandles([...walk(tree.root)])
  const strings = new Strings()
  const structure = new Words()
  writeNode(tree.root, structure, strings, phandles)
  structure.word(token.end)

  const reservations = new Words()
  for (const { address, size } of tree.reserved) {
    reservations.double(address)
    reservations.double(size)
  }
  reservations.double(0n)
  reservations.double(0n)

  const structureAt = headerSize + reservations.length
  const stringsAt = structureAt + structure.length
  const out = new Words()
  out.word(fdtMagic)
  out.word(stringsAt + strings.words.length)
  out.word(structureAt)
  out.word(stringsAt)
  out.word(headerSize)
  out.word(fdtVersion)
  out.word(fdtLastCompatibleVersion)
  out.word(tree.bootCpu)
  out.word(strings.words.length)
  out.word(structure.length)
  out.bytes(reservations.done())
  out.bytes(structure.done())
  out.bytes(strings.words.done())
  return out.done().slice()
}
