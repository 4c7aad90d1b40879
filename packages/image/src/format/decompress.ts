import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Decompress as ZstdDecompress } from 'fzstd'
import xz from 'xz-decompress'
import { ImageError, ImageFormatError, messageOf } from '../errors.ts'
import { bounded, type ByteStream } from './byte-stream.ts'

export type Compression = 'none' | 'gzip' | 'xz' | 'zstd'

/** The compression that a file name's ending stands for. */
export function compressionOf(name: string): Compression {
  if (name.endsWith('.xz')) return 'xz'
  if (name.endsWith('.gz')) return 'gzip'
  if (name.endsWith('.zst')) return 'zstd'
  return 'none'
}

/**
 * Decompresses a stream of at most `limit` bytes (after decompression).
 * @throws ImageFormatError when the data is damaged, ends early, or unpacks to more than `limit`
 */
export async function* decompress(stream: ByteStream, compression: Compression, limit: number, what: string): AsyncGenerator<Uint8Array> {
  let unpacked: ByteStream = marked(stream)
  if (compression === 'gzip') unpacked = gunzip(stream)
  if (compression === 'xz') unpacked = unxz(stream)
  if (compression === 'zstd') unpacked = unzstd(stream)
  try {
    yield* bounded(unpacked, limit, what)
  } catch (cause) {
    // Errors of the stream below (a file that cannot be read, an abort) are not the format's fault.
    if (cause instanceof ImageError || cause instanceof SourceError) throw cause instanceof SourceError ? cause.cause : cause
    throw new ImageFormatError(`${what}: expected a whole ${compression} stream, but it is damaged or ends early (${messageOf(cause)})`, { cause })
  }
}

class SourceError extends Error {}

/** Marks the errors of the stream below, so that they are told from errors of the format. */
async function* marked(stream: ByteStream): AsyncGenerator<Uint8Array, undefined> {
  try {
    yield* stream
  } catch (cause) {
    throw new SourceError('source', { cause })
  }
}

async function* gunzip(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const source = Readable.from(marked(stream))
  const gunzipped = createGunzip()
  source.once('error', (error) => gunzipped.destroy(error))
  try {
    for await (const chunk of source.pipe(gunzipped)) yield chunk as Uint8Array
  } finally {
    source.destroy()
  }
}

async function* unxz(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const iterator = marked(stream)[Symbol.asyncIterator]()
  let empty = true
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // The decoder takes a chunk of no bytes for the end.
      for (;;) {
        const { done, value } = await iterator.next()
        if (done === true) {
          // An empty file crashes the decoder instead of being refused by it.
          if (empty) controller.error(new Error('no data'))
          else controller.close()
          return
        }
        if (value.length === 0) continue
        empty = false
        controller.enqueue(value)
        return
      }
    },
    async cancel() {
      await iterator.return(undefined)
    },
  })
  const reader = new xz.XzReadableStream(source).getReader()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        ended = true
        return
      }
      yield value
    }
  } finally {
    // The decoder handles one stream after the other: an abandoned one must be given back.
    if (!ended) await reader.cancel().catch(() => undefined)
  }
}

async function* unzstd(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = []
  const decoder = new ZstdDecompress((chunk) => ready.push(chunk))
  let empty = true
  for await (const chunk of marked(stream)) {
    empty &&= chunk.length === 0
    decoder.push(chunk)
    yield* ready.splice(0)
  }
  // Nothing at all is no frame; the decoder would take it for the end of one.
  if (empty) throw new Error('no data')
  decoder.push(new Uint8Array(0), true)
  yield* ready.splice(0)
}
