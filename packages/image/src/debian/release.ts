import { ImageFormatError, ImageSignatureError, messageOf } from '../errors.ts'
import type { BlobReference } from '../cache/cache.ts'
import { parseDeb822 } from '../format/deb822.ts'

/** What a suite's signed InRelease file says. Plain data. */
export interface Release {
  readonly suite: string
  readonly codename: string
  /** When the archive wrote it, in the file's own words. */
  readonly date: string
  /** Whether indexes are also to be had under their hash, where they cannot change between two requests. */
  readonly acquireByHash: boolean
  /** The indexes of component main: path below the suite's directory → what it has to be. */
  readonly indexes: Readonly<Record<string, BlobReference>>
}

export interface ReleaseCheck {
  /** Armored OpenPGP public keys; one good signature by any of them suffices. */
  readonly trustedKeys: string
  /** The suite or codename that was asked for. */
  readonly suite: string
  /** How messages name the file. */
  readonly source: string
  readonly now: Date
}

/**
 * Verifies an InRelease file and reads what was signed, and nothing else.
 * @throws ImageSignatureError when no trusted key signed it, it is of another suite, or it has expired
 */
export async function verifyRelease(inRelease: string, check: ReleaseCheck): Promise<Release> {
  const text = await signedText(inRelease, check)
  const [fields] = parseDeb822(text)
  const release = fields === undefined ? undefined : parseRelease(fields)
  if (release === undefined) throw new ImageFormatError(`${check.source}: signed, but no Release file`)
  if (release.suite !== check.suite && release.codename !== check.suite) {
    throw new ImageSignatureError(`${check.source}: expected suite ${check.suite}, this is ${release.suite} (${release.codename}); refused`)
  }
  const validUntil = Date.parse(fields?.get('valid-until') ?? '')
  if (validUntil < check.now.getTime()) {
    throw new ImageSignatureError(`${check.source}: was valid until ${new Date(validUntil).toUTCString()}; the mirror is out of date, `
      + 'or this host\'s clock is wrong')
  }
  return release
}

async function signedText(inRelease: string, check: ReleaseCheck): Promise<string> {
  const refuse = (reason: string, cause?: unknown): ImageSignatureError => new ImageSignatureError(
    `${check.source}: expected a file signed by a trusted key of the archive, but ${reason}; refused. Set STRATA_MIRROR to a Debian mirror`,
    { cause },
  )
  if (!inRelease.startsWith('-----BEGIN PGP SIGNED MESSAGE-----')) throw refuse('it is not signed at all')
  const { readCleartextMessage, readKeys, verify } = await import('openpgp')
  try {
    const verificationKeys = (await readKeys({ armoredKeys: check.trustedKeys })).map((key) => key.toPublic())
    const message = await readCleartextMessage({ cleartextMessage: inRelease })
    const { data, signatures } = await verify({ message, verificationKeys, date: check.now })
    const results = await Promise.allSettled(signatures.map((signature) => signature.verified))
    if (results.some((result) => result.status === 'fulfilled' && result.value)) return data
    const reasons = results.map((result) => (result.status === 'rejected' ? messageOf(result.reason) : 'bad signature'))
    throw refuse(reasons.length === 0 ? 'it has no signature' : reasons.join('; '))
  } catch (cause) {
    if (cause instanceof ImageSignatureError) throw cause
    throw refuse(`it cannot be read (${messageOf(cause)})`, cause)
  }
}

function parseRelease(fields: ReadonlyMap<string, string>): Release | undefined {
  const hashes = fields.get('sha256')
  if (hashes === undefined) return undefined
  const indexes: Record<string, BlobReference> = {}
  for (const line of hashes.split('\n')) {
    const [sha256, size, path] = line.trim().split(/\s+/)
    if (sha256 === undefined || size === undefined || path === undefined) continue
    if (!/^[0-9a-f]{64}$/.test(sha256) || !/^\d+$/.test(size) || !/^main\/binary-[a-z0-9-]+\/Packages(\.xz|\.gz)?$/.test(path)) continue
    indexes[path] = { sha256, size: Number(size) }
  }
  return {
    suite: fields.get('suite') ?? '',
    codename: fields.get('codename') ?? '',
    date: fields.get('date') ?? '',
    acquireByHash: fields.get('acquire-by-hash') === 'yes',
    indexes,
  }
}
