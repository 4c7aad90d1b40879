/** Everything this package refuses or fails at. Each class has its own stable `code`. */
export type ImageErrorCode =
  | 'ERR_IMAGE_SIGNATURE'
  | 'ERR_IMAGE_HASH'
  | 'ERR_IMAGE_NETWORK'
  | 'ERR_IMAGE_NO_SPACE'
  | 'ERR_IMAGE_UNKNOWN'
  | 'ERR_IMAGE_FORMAT'
  | 'ERR_IMAGE_DEPENDENCY'
  | 'ERR_IMAGE_CACHE'
  | 'ERR_IMAGE_OPTION'

/** Base of all errors of this package. */
export abstract class ImageError extends Error {
  abstract readonly code: ImageErrorCode
  override get name(): string {
    return this.constructor.name
  }
}

/** An archive's index is not signed by a trusted key, has expired, or is that of another suite. */
export class ImageSignatureError extends ImageError {
  readonly code = 'ERR_IMAGE_SIGNATURE'
}

/** Bytes from the network or from the cache are not those that the signed index names. */
export class ImageHashError extends ImageError {
  readonly code = 'ERR_IMAGE_HASH'
  /** The file of the cache that was damaged and is discarded; undefined when the bytes came from the network. */
  readonly path: string | undefined

  constructor(message: string, options?: ErrorOptions & { path?: string | undefined }) {
    super(message, options)
    this.path = options?.path
  }
}

/** The mirror cannot be reached, or answers with an error. */
export class ImageNetworkError extends ImageError {
  readonly code = 'ERR_IMAGE_NETWORK'
  /** The HTTP status, when there was an answer at all. */
  readonly status: number | undefined

  constructor(message: string, options?: ErrorOptions & { status?: number }) {
    super(message, options)
    this.status = options?.status
  }
}

/** The disk that holds the cache is full, or a quota is used up. What the cache held before is intact. */
export class ImageNoSpaceError extends ImageError {
  readonly code = 'ERR_IMAGE_NO_SPACE'
}

/** No image, package, module or architecture of this name exists. */
export class ImageUnknownError extends ImageError {
  readonly code = 'ERR_IMAGE_UNKNOWN'
}

/** A file is truncated, damaged, hostile, or of a format that is not supported. */
export class ImageFormatError extends ImageError {
  readonly code = 'ERR_IMAGE_FORMAT'
}

/** The relations of the requested packages cannot be fulfilled. */
export class ImageDependencyError extends ImageError {
  readonly code = 'ERR_IMAGE_DEPENDENCY'
}

/** The cache's directory cannot be created, read or written. */
export class ImageCacheError extends ImageError {
  readonly code = 'ERR_IMAGE_CACHE'
}

/** An option or an environment variable has a value that makes no sense. */
export class ImageOptionError extends ImageError {
  readonly code = 'ERR_IMAGE_OPTION'
}

/** The `code` of a system error, such as `ENOENT`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** An error's message, or whatever else was thrown as text. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A connection that failed on several addresses is an AggregateError without a message of its own.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error.message
}
