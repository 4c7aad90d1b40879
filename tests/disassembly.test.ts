import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disassemble, instructionSet, riscvDecoder } from '@strata/emulator'
import { DebianArchive, openCache, pullImage } from '@strata/image'
import { expect, it } from 'vitest'

/** The section `name` of a PE file, as a kernel's raw Image is one. */
const section = (file: Uint8Array, name: string): Uint8Array => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const header = view.getUint32(0x3c, true)
  const table = header + 24 + view.getUint16(header + 20, true)
  for (let index = 0; index < view.getUint16(header + 6, true); index++) {
    const at = table + 40 * index
    if (new TextDecoder().decode(file.subarray(at, at + 8)).replace(/\0+$/, '') !== name) continue
    const start = view.getUint32(at + 20, true)
    return file.subarray(start, start + view.getUint32(at + 16, true))
  }
  throw new Error(`the kernel has no section ${name}`)
}

/**
 * Runs GNU objdump over raw code at address 0 and calls back for each line. It knows just the extensions of our CPU, by
 * the attributes of an object file that the code is put into; the assembler's marks of data are stripped.
 */
const objdump = async (code: Uint8Array, onLine: (line: string) => void): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'strata-objdump-'))
  try {
    await writeFile(join(folder, 'code.bin'), code)
    await writeFile(join(folder, 'code.s'), '.attribute arch, "rv64gc_zicsr_zifencei_zihintpause_zba_zbb_zbs"\n.text\n.incbin "code.bin"\n')
    execFileSync('riscv64-linux-gnu-as', ['-o', 'code.o', 'code.s'], { cwd: folder })
    execFileSync('riscv64-linux-gnu-strip', ['code.o'], { cwd: folder })
    const options = ['-M', 'no-aliases', '--section=.text', '--disassemble-all', '--disassemble-zeroes', 'code.o']
    const child = spawn('riscv64-linux-gnu-objdump', options, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    let rest = ''
    child.stdout.setEncoding('latin1')
    for await (const chunk of child.stdout) {
      const lines = (rest + (chunk as string)).split('\n')
      rest = lines.pop()!
      for (const line of lines) onLine(line)
    }
    expect(await exit).toEqual([0, null])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Why two readings may differ, or undefined if they may not. */
const legitimate = (ours: string | undefined, theirs: string): string | undefined => {
  // Instructions of extensions that neither has been told of, and data between the functions.
  if (ours === undefined && /^\.[24]byte 0x/.test(theirs)) return 'illegal for both'
  // The defined illegal instruction has a name there; addi16sp with the reserved immediate 0 is let through.
  if (ours === undefined && (theirs === 'c.unimp' || theirs === 'c.addi16sp sp,0')) return theirs
  // The same for the assembler's illegal instruction of four bytes, a write to a counter that cannot be written.
  if (ours === 'csrrw zero,cycle,zero' && theirs === 'unimp') return theirs
  // The no-operation has no name of its own there.
  if (ours === 'c.nop' && theirs === 'c.addi zero,0') return ours
  // A hint here; the shift by 64 of RV128 there.
  if (ours !== undefined && ours === theirs.replace(/^(c\.s\w+?)64 (\w+)$/, '$1 $2,0x0')) return 'c.slli64'
  // RV32 has upper halves of control registers, which on RV64 do not exist and have a number only.
  const [own, other] = [ours, theirs].map((text) => /^(csr\w+ \w+,)(\w+)(,\w+)$/.exec(text ?? ''))
  if (own && other && own[1] === other[1] && own[3] === other[3] && own[2]!.startsWith('0x') && other[2]!.endsWith('h')) return 'RV32 control register'
  return undefined
}

it('reads the kernel of Debian as GNU objdump does', { timeout: 600_000 }, async () => {
  const { kernel } = await pullImage('debian', new DebianArchive({ cache: await openCache() }))
  const text = section(kernel, '.text')
  const memory = new DataView(text.buffer, text.byteOffset, text.byteLength)
  const decoder = riscvDecoder(instructionSet().rows)

  let bytes = 0
  let equal = 0
  const kinds = new Map<string, number>()
  const unexplained: string[] = []
  await objdump(text, (line) => {
    const found = /^ *([0-9a-f]+):\t([0-9a-f]+) *\t(.*)$/.exec(line)
    if (found === null) return
    const at = parseInt(found[1]!, 16)
    const length = found[2]!.length / 2
    const theirs = found[3]!.replace(/ *(#|<).*$/, '').replace('\t', ' ').trimEnd()
    const row = decoder.find(length === 2 ? memory.getUint16(at, true) : memory.getUint32(at, true))
    const ours = row && disassemble(row.row, row.operands, BigInt(at))
    bytes += length
    if (ours === theirs) {
      equal++
      return
    }
    const kind = legitimate(ours, theirs)
    if (kind === undefined) unexplained.push(`${found[1]!}: ${found[2]!} is ${ours ?? 'illegal'} here and ${theirs} there`)
    else kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  })
  expect(unexplained.slice(0, 20)).toEqual([])
  expect(bytes).toBe(text.byteLength)
  // Much of a kernel is filled with zeros and c.nop; what is left is still most of it.
  expect(equal).toBeGreaterThan(3_000_000)
  expect(kinds.get('c.nop')).toBeGreaterThan(0)
})
