import { StrataError } from '../errors.ts'

/** Whoever read our output is gone: as quiet an end as SIGPIPE's. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

/** Writes everything that a stream brings, no faster than `output` takes it. Rejects with `ReaderGone` or `ERR_OUTPUT`. */
export const copyTo = async (source: ReadableStream<Uint8Array>, output: NodeJS.WriteStream): Promise<void> => {
  for await (const bytes of source) await writeTo(output, bytes)
}

/** Writes and waits until the bytes were taken. Rejects with `ReaderGone` or `ERR_OUTPUT`. */
export const writeTo = (output: NodeJS.WriteStream, bytes: Uint8Array | string): Promise<void> =>
  new Promise((resolve, reject) => {
    // The error also comes as an event, which must have a listener.
    output.once('error', fail)
    function fail(error: NodeJS.ErrnoException): void {
      reject(
        error.code === 'EPIPE'
          ? new ReaderGone()
          : new StrataError('ERR_OUTPUT', `standard ${output === process.stderr ? 'error' : 'output'} cannot be written: ${error.message}`, { cause: error }),
      )
    }
    output.write(bytes, (error) => {
      if (error) {
        fail(error)
        return
      }
      output.off('error', fail)
      resolve()
    })
  })
