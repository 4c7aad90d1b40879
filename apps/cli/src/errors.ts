/**
 * Strata could not do what it was asked to. `code` is stable and meant for programs; the message says what was
 * expected, what came and what to do.
 *
 * | code | meaning |
 * |---|---|
 * | `ERR_OPTION` | an option or argument is not what it must be |
 * | `ERR_FILE` | a file that was named cannot be read |
 * | `ERR_GUEST_BOOT` | the guest ended or hung before it was ready |
 * | `ERR_GUEST_GONE` | the guest ended while something was asked of it |
 * | `ERR_GUEST_PROTOCOL` | the guest's side says what it must not say |
 * | `ERR_OUTPUT_LIMIT` | a command printed more than may be kept |
 * | `ERR_OUTPUT` | standard output cannot be written, for example because the disk is full |
 * | `ERR_TIMEOUT` | the time given was over |
 */
export class StrataError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    this.name = 'StrataError'
  }
}
