import { DeviceTreeError } from '../errors.ts'
import { DeviceTreeNode } from './node.ts'
import { readFlattened } from './read.ts'
import { writeFlattened } from './write.ts'

/** RAM that the guest must not use, although a memory node covers it. */
export interface ReservedMemory {
  readonly address: bigint
  readonly size: bigint
}

/**
 * A description of the machine's hardware for the guest, built up by the CPUs and devices themselves. `toBytes` gives
 * the flattened form that is placed in guest memory; `parse` reads one.
 */
export class DeviceTree {
  readonly root: DeviceTreeNode = new DeviceTreeNode('')
  readonly reserved: ReservedMemory[] = []
  /** `boot_cpuid_phys` of the header: the `reg` of the CPU that starts. */
  bootCpu = 0

  /** Reads a flattened tree, trusting nothing in it. Throws `DeviceTreeError` `ERR_DEVICE_TREE_FORMAT` or `_NAME`. */
  static parse(bytes: Uint8Array): DeviceTree {
    const tree = new DeviceTree()
    readFlattened(bytes, tree)
    return tree
  }

  /** Adds an entry to the memory reservation block. Throws `ERR_DEVICE_TREE_VALUE`. */
  reserve(address: number | bigint, size: number | bigint): this {
    const entry = { address: BigInt(address), size: BigInt(size) }
    if (entry.address < 0n || entry.size <= 0n || entry.address + entry.size > 1n << 64n) {
      throw new DeviceTreeError('ERR_DEVICE_TREE_VALUE', `cannot reserve ${String(size)} bytes at ${String(address)}: give a range of 64-bit addresses`)
    }
    this.reserved.push(entry)
    return this
  }

  /** The node at a path such as `/soc/serial@10000000`; unit addresses may be left out where unambiguous. */
  find(path: string): DeviceTreeNode | undefined {
    let node: DeviceTreeNode | undefined = this.root
    for (const name of path.split('/').filter((part) => part !== '')) node = node?.find(name)
    return node
  }

  /** The flattened tree, version 17. Throws `DeviceTreeError` if a reference leads out of this tree. */
  toBytes(): Uint8Array {
    return writeFlattened(this)
  }
}
