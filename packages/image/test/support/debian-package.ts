import { gzipSync } from 'node:zlib'
import tar from 'tar-stream'

export type TarFile = Partial<tar.Header> & { name: string, data?: Uint8Array | string }

export async function tarOf(files: readonly TarFile[]): Promise<Buffer> {
  const archive = tar.pack()
  for (const { data, ...header } of files) {
    const body = data === undefined ? Buffer.alloc(0) : Buffer.from(data)
    archive.entry(header.type === undefined || header.type === 'file' ? { ...header, size: body.length } : header, body)
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export function arOf(members: readonly (readonly [string, Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from('!<arch>\n')]
  for (const [name, data] of members) {
    parts.push(Buffer.from(`${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(data.length).padEnd(10)}\`\n`))
    parts.push(data)
    if (data.length % 2 === 1) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

export async function debOf(files: readonly TarFile[]): Promise<Buffer> {
  const control = gzipSync(await tarOf([{ name: './control', data: 'Package: test\n' }]))
  return arOf([['debian-binary', Buffer.from('2.0\n')], ['control.tar.gz', control], ['data.tar.gz', gzipSync(await tarOf(files))]])
}
