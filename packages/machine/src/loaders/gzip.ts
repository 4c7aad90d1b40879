import { LoaderError } from '../errors.ts'

/** Undoes gzip. Hosts have one: Node's `gunzipSync`, or any function of that kind. */
export type Inflate = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

export interface GunzipOptions {
  /** The decompressor; the host's `DecompressionStream` unless given. */
  readonly inflate?: Inflate
  /** The most bytes the result may have; 1 GiB unless given. */
  readonly limit?: number
}

interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>
  cancel(): Promise<void>
}
interface ByteWriter {
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}
type Decompressor = new (format: 'gzip') => { readonly readable: { getReader(): ByteReader }; readonly writable: { getWriter(): ByteWriter } }

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8

const tooLarge = (limit: number): LoaderError => new LoaderError('ERR_LOADER_INFLATE', `the compressed file unpacks to more than ${String(limit)} bytes`)

/** Through the host's own decompressor, stopping as soon as the limit is passed. */
const inflateByHost = async (Stream: Decompressor, bytes: Uint8Array, limit: number): Promise<Uint8Array> => {
  const stream = new Stream('gzip')
  const writer = stream.writable.getWriter()
  // A failure shows on the reading side; here it only must not go unhandled.
  const written = writer.write(bytes).then(() => writer.close()).catch(() => undefined)
  const reader = stream.readable.getReader()
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (value === undefined) continue
    length += value.length
    if (length > limit) {
      await reader.cancel()
      throw tooLarge(limit)
    }
    pieces.push(value)
  }
  await written
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** The bytes as they are, or unpacked if they are gzip. Throws `LoaderError` `ERR_LOADER_INFLATE`. */
export const gunzip = async (bytes: Uint8Array, options: GunzipOptions = {}): Promise<Uint8Array> => {
  if (!isGzip(bytes)) return bytes
  const { inflate, limit = 0x4000_0000 } = options
  const Stream = (globalThis as { readonly DecompressionStream?: Decompressor }).DecompressionStream
  if (inflate === undefined && Stream === undefined) {
    throw new LoaderError('ERR_LOADER_INFLATE', 'the file is compressed with gzip and this host has no DecompressionStream: pass `inflate`, or unpack it first')
  }
  try {
    const whole = inflate !== undefined ? await inflate(bytes) : await inflateByHost(Stream!, bytes, limit)
    if (whole.length > limit) throw tooLarge(limit)
    return whole
  } catch (cause) {
    if (cause instanceof LoaderError) throw cause
    throw new LoaderError('ERR_LOADER_INFLATE', 'the file is compressed with gzip but damaged or cut off: obtain it again', { cause })
  }
}
