import { crc32 } from './crc32.ts'
import { StateError } from './errors.ts'
import { isSavedState } from './state-reader.ts'
import { decodeText, encodeText } from './text.ts'
import type { Plain, SavedState } from './state.ts'

/*
 * A saved state as bytes (integers little-endian):
 *   0  8  magic
 *   8  4  version of this format
 *  12  4  CRC-32 of all that follows
 *  16  8  length of the description
 *  24     the description: JSON in UTF-8, in which a record with one key that starts with `$` stands for what JSON lacks
 *         {"$bigint": "-12"}, {"$bytes": 34}, {"$number": "NaN"}, {"$record": [[key, value]...]}
 *         then the contents of the byte arrays, in the order of their mention
 */
const magic = [0x53, 0x54, 0x52, 0x41, 0x54, 0x41, 0x0d, 0x0a] as const
const formatVersion = 1
const headerSize = 24
const maximumDepth = 64

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const toJson = (value: Plain, blobs: Uint8Array[], depth: number): Json => {
  if (depth > maximumDepth) throw new StateError('ERR_STATE_SHAPE', `a state may be ${String(maximumDepth)} levels deep, this one is deeper`)
  if (typeof value === 'bigint') return { $bigint: value.toString() }
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) }
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) {
    blobs.push(value)
    return { $bytes: value.length }
  }
  if (Array.isArray(value)) return (value as readonly Plain[]).map((item) => toJson(item, blobs, depth + 1))
  const entries = Object.entries(value as { readonly [key: string]: Plain }).map(([key, item]) => [key, toJson(item, blobs, depth + 1)] as const)
  return entries.some(([key]) => key.startsWith('$')) ? { $record: entries } : Object.fromEntries(entries)
}

/** Packs a state into one byte array. The reverse is {@link decodeState}. */
export const encodeState = (state: SavedState): Uint8Array => {
  const blobs: Uint8Array[] = []
  const description = encodeText(JSON.stringify(toJson(state, blobs, 0)))
  const out = new Uint8Array(blobs.reduce((sum, blob) => sum + blob.length, headerSize + description.length))
  out.set(magic)
  out.set(description, headerSize)
  let at = headerSize + description.length
  for (const blob of blobs) {
    out.set(blob, at)
    at += blob.length
  }
  const view = new DataView(out.buffer)
  view.setUint32(8, formatVersion, true)
  view.setBigUint64(16, BigInt(description.length), true)
  view.setUint32(12, crc32(out.subarray(16)), true)
  return out
}

const bad = (message: string): never => {
  throw new StateError('ERR_STATE_FORMAT', `not a saved state: ${message}`)
}

/** Hands out the byte arrays in order. */
class Blobs {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  take(length: Json | undefined): Uint8Array {
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0 || length > this.#bytes.length - this.#at) {
      return bad('it ends before its byte arrays do')
    }
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) bad(`${String(this.#bytes.length - this.#at)} bytes follow its end`)
  }
}

const toBigint = (text: Json | undefined): bigint =>
  typeof text === 'string' && text.length <= 1000 && /^-?[0-9]+$/.test(text) ? BigInt(text) : bad('an integer in it is malformed')

const toNumber = (text: Json | undefined): number =>
  typeof text === 'string' && ['NaN', 'Infinity', '-Infinity', '-0'].includes(text) ? Number(text) : bad('a number in it is malformed')

const fromJson = (json: Json, blobs: Blobs, depth: number): Plain => {
  if (depth > maximumDepth) return bad(`it is deeper than ${String(maximumDepth)} levels`)
  if (json === null || typeof json !== 'object') return json
  if (Array.isArray(json)) return (json as readonly Json[]).map((item) => fromJson(item, blobs, depth + 1))
  const entries = Object.entries(json as { readonly [key: string]: Json })
  const [key, value] = entries[0] ?? []
  if (key?.startsWith('$') !== true) return Object.fromEntries(entries.map(([name, item]) => [name, fromJson(item, blobs, depth + 1)]))
  if (entries.length !== 1) bad('a marked value in it has more than one key')
  switch (key) {
    case '$bigint':
      return toBigint(value)
    case '$number':
      return toNumber(value)
    case '$bytes':
      return blobs.take(value)
    case '$record':
      return Object.fromEntries(
        (Array.isArray(value) ? (value as readonly Json[]) : bad('a record in it is malformed')).map((entry) =>
          Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string'
            ? [entry[0], fromJson(entry[1] as Json, blobs, depth + 1)]
            : bad('a record in it is malformed'),
        ),
      )
    default:
      return bad(`it marks a value as '${key}'`)
  }
}

/**
 * Unpacks a state, trusting nothing in it; the byte arrays in the result share the memory of `file`. Throws
 * `StateError`: `ERR_STATE_FORMAT` if it is malformed or truncated, `ERR_STATE_VERSION` if a later release wrote it,
 * `ERR_STATE_CHECKSUM` if it was damaged.
 */
export const decodeState = (file: Uint8Array): SavedState => {
  // A subclass (Node's Buffer) would go on into the parts, where its methods may mean something else.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.length < headerSize || magic.some((byte, index) => bytes[index] !== byte)) bad('it does not start like one')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getUint32(8, true)
  if (version !== formatVersion) {
    throw new StateError('ERR_STATE_VERSION', `the saved state has format ${String(version)}, this release reads ${String(formatVersion)}: use the release that wrote it`)
  }
  const length = view.getBigUint64(16, true)
  if (length > BigInt(bytes.length - headerSize)) bad('it is shorter than it says')
  if (view.getUint32(12, true) !== crc32(bytes.subarray(16))) {
    throw new StateError('ERR_STATE_CHECKSUM', 'the saved state is damaged or cut off: its checksum does not match; save it again')
  }
  const end = headerSize + Number(length)
  const json = ((): Json => {
    try {
      return JSON.parse(decodeText(bytes.subarray(headerSize, end))) as Json
    } catch {
      return bad('its description is no JSON')
    }
  })()
  const blobs = new Blobs(bytes, end)
  const state = fromJson(json, blobs, 0)
  blobs.end()
  return isSavedState(state) ? state : bad('it has no version')
}
