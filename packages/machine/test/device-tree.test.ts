import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { Aclint, DeviceTree, DeviceTreeError, GoldfishRtc, MemoryConsole, Ns16550a, Plic, SifiveTest, VirtualClock } from '../src/index.ts'
import { codeOf, Pin, random } from './support.ts'

/** The reference compiler, run as a filter. Warnings go to the floor, errors fail the test. */
const dtc = (context: TestContext, from: 'dts' | 'dtb', to: 'dts' | 'dtb', input: string | Uint8Array): Buffer => {
  const { error, status, stdout, stderr } = spawnSync('dtc', ['-I', from, '-O', to, '-s', '-q'], { input, maxBuffer: 1 << 26 })
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') context.skip('no dtc: install device-tree-compiler')
  if (status !== 0) throw new Error(`dtc refused its input: ${stderr.toString()}`)
  return stdout
}

const board = (): DeviceTree => {
  const tree = new DeviceTree()
  tree.reserve(0x8000_0000, 0x4_0000).reserve(2n ** 63n, 1n)
  tree.bootCpu = 3
  tree.root.cells('#address-cells', 2).cells('#size-cells', 2).string('compatible', 'strata,board', 'generic').string('model', 'Prüfstand')
  tree.root.child('chosen').string('bootargs', 'console=ttyS0').bytes('rng-seed', Uint8Array.of(1, 2, 3)).string('stdout-path', '/soc/serial@10000000')
  tree.root.child('memory@80000000').string('device_type', 'memory').reg([0x8000_0000, 2 ** 32])
  const cpus = tree.root.child('cpus').cells('#address-cells', 1).cells('#size-cells', 0).cells('timebase-frequency', 10_000_000)
  const controllers = [0, 1].map((index) => {
    const cpu = cpus.child(`cpu@${String(index)}`).string('device_type', 'cpu').reg([index, 0])
    return cpu.child('interrupt-controller').cells('#interrupt-cells', 1).flag('interrupt-controller').string('compatible', 'example,cpu-intc')
  })
  const soc = tree.root.child('soc').cells('#address-cells', 2).cells('#size-cells', 2).string('compatible', 'simple-bus').flag('ranges')
  const plic = new Plic({ sources: 96, contexts: controllers.map(() => new Pin()) })
  const clock = new VirtualClock({ frequency: 10_000_000, instructionsPerTick: 10 })
  const node = plic.describe(soc, { address: 0xc00_0000, targets: controllers.map((controller) => [controller, 9] as const), sourcesProperty: 'example,ndev' })
  new Ns16550a({ irq: plic.line(10), console: new MemoryConsole() }).describe(soc, { address: 0x1000_0000, interruptParent: node, interrupt: 10 })
  new GoldfishRtc({ irq: plic.line(11), clock, wallClock: () => 0n }).describe(soc, { address: 0x10_1000, interruptParent: node, interrupt: 11 })
  new Aclint({ clock, cpus: controllers.map(() => ({ software: new Pin(), timer: new Pin() })) }).describe(soc, {
    address: 0x200_0000,
    targets: controllers.map((controller) => [controller, 3, 7] as const),
  })
  new SifiveTest({ onStop: () => undefined }).describe(soc, { address: 0x10_0000 })
  return tree
}

describe('a device tree', () => {
  it('is read back by the reference compiler, every node and value', (context) => {
    // Versions differ in how they show lists of strings.
    const text = dtc(context, 'dtb', 'dts', board().toBytes()).toString().replaceAll('\\0', '", "')
    expect(text).toContain('compatible = "sifive,test1", "sifive,test0", "syscon";')
    for (const expected of [
      '/memreserve/\t0x0000000080000000 0x0000000000040000;',
      'serial@10000000 {',
      'compatible = "ns16550a";',
      'reg = <0x00 0x10000000 0x00 0x100>;',
      'reg = <0x00 0x80000000 0x01 0x00>;',
      'compatible = "sifive,plic-1.0.0";',
      'example,ndev = <0x60>;',
      'compatible = "sifive,clint0";',
      'compatible = "google,goldfish-rtc";',
      'offset = <0x00>;',
      'rng-seed = [01 02 03];',
      'ranges;',
    ]) expect(text).toContain(expected)
  })

  it('equals, byte for byte of meaning, what the compiler makes of the same source', (context) => {
    const ours = board().toBytes()
    const theirs = dtc(context, 'dtb', 'dtb', ours)
    const again = DeviceTree.parse(theirs)
    expect(dtc(context, 'dtb', 'dts', again.toBytes()).toString()).toBe(dtc(context, 'dtb', 'dts', ours).toString())
  })

  it('comes back from bytes as it was', () => {
    const tree = DeviceTree.parse(board().toBytes())
    expect(tree.bootCpu).toBe(3)
    expect(tree.reserved).toEqual([{ address: 0x8000_0000n, size: 0x4_0000n }, { address: 2n ** 63n, size: 1n }])
    expect(tree.root.getStrings('compatible')).toEqual(['strata,board', 'generic'])
    expect(tree.root.getString('model')).toBe('Prüfstand')
    expect(tree.find('/memory')?.getCells('reg')).toEqual([0, 0x8000_0000, 1, 0])
    expect(tree.find('/soc')?.getBytes('ranges')).toEqual(new Uint8Array(0))
    const plic = tree.find('/soc/interrupt-controller')
    expect(plic?.path).toBe('/soc/interrupt-controller@c000000')
    expect(tree.find('/soc/serial@10000000')?.getCells('interrupt-parent')).toEqual(plic?.getCells('phandle'))
    const controllers = ['0', '1'].map((index) => tree.find(`/cpus/cpu@${index}/interrupt-controller`)?.getCells('phandle')?.[0])
    expect(plic?.getCells('interrupts-extended')).toEqual([controllers[0], 9, controllers[1], 9])
    expect(tree.find('/soc/poweroff')?.getCells('regmap')).toEqual(tree.find('/soc/test')?.getCells('phandle'))
    expect(tree.toBytes()).toEqual(board().toBytes())
  })

  it('reads what the compiler writes', (context) => {
    const source = '/dts-v1/; /memreserve/ 0x1000 0x2000; / { a = "x", "y"; b = <1 2 &l>; l: c@5 { d; e = [0102]; deep { er { }; }; }; };'
    const tree = DeviceTree.parse(dtc(context, 'dts', 'dtb', source))
    expect(tree.reserved).toEqual([{ address: 0x1000n, size: 0x2000n }])
    expect(tree.root.getStrings('a')).toEqual(['x', 'y'])
    expect(tree.root.getCells('b')).toEqual([1, 2, tree.find('/c')?.getCells('phandle')?.[0]])
    expect(tree.find('/c@5/deep/er')?.path).toBe('/c@5/deep/er')
    expect(tree.root.getCells('a')).toEqual([0x7800_7900])
    expect(tree.root.getStrings('b')).toBeUndefined()
    expect(tree.root.getCells('missing')).toBeUndefined()
  })

  it('keeps phandles that are given and picks others around them', () => {
    const tree = new DeviceTree()
    const named = tree.root.child('named').cells('phandle', 1)
    const other = tree.root.child('other')
    tree.root.cells('refs', named, other)
    expect(DeviceTree.parse(tree.toBytes()).root.getCells('refs')).toEqual([1, 2])
  })

  it('holds values of megabytes', () => {
    const tree = new DeviceTree()
    tree.root.bytes('large', new Uint8Array(4_000_000).fill(7))
    expect(DeviceTree.parse(tree.toBytes()).root.getCells('large')?.length).toBe(1_000_000)
  })

  it('refuses bad names, values and references when it is built or written', () => {
    const { root } = new DeviceTree()
    for (const name of ['', 'a/b', 'a b', 'a@', '@1', 'a@1@2', 'ü', 'a\0']) expect(codeOf(() => root.child(name))).toBe('ERR_DEVICE_TREE_NAME')
    root.child('twice')
    expect(codeOf(() => root.child('twice'))).toBe('ERR_DEVICE_TREE_NAME')
    for (const name of ['', 'a/b', 'ü']) expect(codeOf(() => root.flag(name))).toBe('ERR_DEVICE_TREE_NAME')
    for (const value of [-1, 2 ** 32, 0.5, NaN, -1n, 2n ** 32n]) expect(codeOf(() => root.cells('a', value))).toBe('ERR_DEVICE_TREE_VALUE')
    expect(codeOf(() => root.string('a', 'b\0c'))).toBe('ERR_DEVICE_TREE_VALUE')
    expect(codeOf(() => root.child('big').reg([2n ** 64n, 1]))).toBe('ERR_DEVICE_TREE_VALUE')
    expect(codeOf(() => new DeviceTree().reserve(0, 0))).toBe('ERR_DEVICE_TREE_VALUE')
    const stranger = new DeviceTree().root.child('stranger')
    const tree = new DeviceTree()
    tree.root.cells('ref', stranger)
    expect(codeOf(() => tree.toBytes())).toBe('ERR_DEVICE_TREE_REFERENCE')
    const doubled = new DeviceTree()
    doubled.root.child('a').cells('phandle', 5)
    doubled.root.child('b').cells('phandle', 5)
    expect(codeOf(() => doubled.toBytes())).toBe('ERR_DEVICE_TREE_REFERENCE')
    const deep = new DeviceTree()
    let node = deep.root
    for (let level = 0; level < 1000; level++) node = node.child('down')
    expect(codeOf(() => deep.toBytes())).toBe('ERR_DEVICE_TREE_VALUE')
  })
})

describe('a hostile device tree', () => {
  const good = board().toBytes()
  const field = (index: number): number => new DataView(good.buffer).getUint32(index * 4)
  const changed = (offset: number, value: number): Uint8Array => {
    const bytes = good.slice()
    new DataView(bytes.buffer).setUint32(offset, value)
    return bytes
  }

  it('is refused at every length it can be cut to', () => {
    for (let length = 0; length < good.length; length++) expect(codeOf(() => DeviceTree.parse(good.slice(0, length)))).toBe('ERR_DEVICE_TREE_FORMAT')
    expect(DeviceTree.parse(Uint8Array.of(...good, 1, 2, 3)).toBytes()).toEqual(good)
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 8, 9])('is refused with nonsense in header field %i', (index) => {
    // A later version (field 5) is fine as long as it says that it can be read as one of ours (field 6).
    for (const value of index === 5 ? [0, 16] : [0xffff_ffff, 0x7fff_ffff, field(index) + 0x10_0001]) {
      expect(codeOf(() => DeviceTree.parse(changed(index * 4, value)))).toBe('ERR_DEVICE_TREE_FORMAT')
    }
  })

  it.each([
    ['no root', [9]],
    ['two roots', [1, 0, 2, 1, 0, 2, 9]],
    ['a root with a name', [1, 0x6100_0000, 2, 9]],
    ['an end too many', [1, 0, 2, 2, 9]],
    ['an end too few', [1, 0, 9]],
    ['no end', [1, 0, 2]],
    ['a property before the root', [3, 0, 0, 1, 0, 2, 9]],
    ['a property behind the root', [1, 0, 2, 3, 0, 0, 9]],
    ['a property behind a child', [1, 0, 1, 0x6100_0000, 2, 3, 0, 0, 2, 9]],
    ['a property twice', [1, 0, 3, 0, 0, 3, 0, 0, 2, 9]],
    ['a name beyond the strings', [1, 0, 3, 0, 1000, 2, 9]],
    ['a value beyond the block', [1, 0, 3, 0xffff_fff0, 0, 2, 9]],
    ['an unknown token', [1, 0, 7, 2, 9]],
    ['a child without a name', [1, 0, 1, 0, 2, 2, 9]],
    ['two children of one name', [1, 0, 1, 0x6100_0000, 2, 1, 0x6100_0000, 2, 2, 9]],
    ['a name that is not ASCII', [1, 0, 1, 0xc3bc_0000, 2, 2, 9]],
    ['a hundred thousand levels', Array.from({ length: 200_000 }, (_, index) => (index === 1 ? 0 : index % 2 ? 0x6100_0000 : 1))],
    ['a name that never ends', [1, ...Array.from({ length: 1000 }, () => 0x6161_6161)]],
  ])('is refused with %s', (_, words) => {
    const bytes = new Uint8Array(40 + 16 + words.length * 4 + 2)
    const view = new DataView(bytes.buffer)
    const structureAt = 56
    const stringsAt = structureAt + words.length * 4
    ;[0xd00d_feed, bytes.length, structureAt, stringsAt, 40, 17, 16, 0, 2, words.length * 4].forEach((value, index) => { view.setUint32(index * 4, value) })
    words.forEach((word, index) => { view.setUint32(structureAt + index * 4, word) })
    bytes[stringsAt] = 0x70
    expect(codeOf(() => DeviceTree.parse(bytes))).toMatch(/^ERR_DEVICE_TREE_(FORMAT|NAME)$/)
  })

  it('never causes anything but a DeviceTreeError, whatever bytes change', () => {
    const next = random(42)
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const bytes = good.slice()
      for (let count = 1 + (next() % 4); count > 0; count--) bytes[next() % bytes.length] = next() & 0xff
      try {
        DeviceTree.parse(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceTreeError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(100)
  })
})
