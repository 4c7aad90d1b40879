import { ImageFormatError } from '../errors.ts'

export type ByteStream = AsyncIterable<Uint8Array>

/** The whole stream as one array of its own: chunks may be views of a much larger buffer, which must not be kept for them. */
export async function collect(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
  }
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

/** Passes the stream on and refuses its first byte beyond `limit`: no decompression bomb goes off. */
export async function* bounded(stream: ByteStream, limit: number, what: string): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > limit) throw new ImageFormatError(`${what}: unpacks to more than the ${limit} bytes it may have; refused`)
    yield chunk
  }
}
