/** UTF-8 in and out. Every host has these as globals; they are declared here because DOM types are not. */
interface TextCodecs {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array }
  readonly TextDecoder: new (label: string, options: { readonly fatal: boolean; readonly ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string }
}
const codecs = globalThis as unknown as TextCodecs

export const encodeText = (text: string): Uint8Array => new codecs.TextEncoder().encode(text)

/** Throws `TypeError` if the bytes are no UTF-8. Copies, because decoders refuse shared memory. */
export const decodeText = (bytes: Uint8Array): string => new codecs.TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes))

/** Bytes that are all below 0x80, or `undefined`. */
export const decodeAscii = (bytes: Uint8Array): string | undefined => {
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x80) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}
