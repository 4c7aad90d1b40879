import { interceptors, request, type Dispatcher } from 'undici'
import { ImageFormatError, ImageNetworkError, messageOf, systemCode } from '../errors.ts'
import { collect, bounded, type ByteStream } from '../format/byte-stream.ts'
import { pause } from '../task.ts'
import { proxyDispatcher, type ProxySettings } from './proxy.ts'
import { shown } from './shown-url.ts'

export interface HttpResponse {
  readonly status: number
  readonly contentRange: string | undefined
  readonly body: ByteStream
  /** Gives up on the rest of the body. */
  readonly abandon: () => void
}

const maximumRedirections = 5
const retryMilliseconds = [300, 1_000, 3_000]
// There is no point in asking again at once where nobody answers, or in circles.
const hopeless = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ERR_INVALID_URL', 'UND_ERR_INVALID_ARG'])

/** Gets files by HTTP: follows redirections, uses the host's proxies, and leaves the bytes as they are. */
export class HttpClient {
  readonly #dispatcher: Dispatcher
  readonly #advice: string

  /** `advice` ends the message of every error: what the user can do when the network fails. */
  constructor(proxy: ProxySettings, advice: string) {
    this.#dispatcher = proxyDispatcher(proxy).compose(interceptors.redirect({ maxRedirections: maximumRedirections }))
    this.#advice = advice
  }

  /**
   * The answer to a GET from `offset` on, whose status is 200, 206 or 416. Failures that may pass are tried again three times.
   * @throws ImageNetworkError
   */
  async get(url: string, offset: number, signal?: AbortSignal): Promise<HttpResponse> {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      try {
        return await this.#once(url, offset, signal)
      } catch (error) {
        signal?.throwIfAborted()
        const wait = retryMilliseconds[attempt]
        if (wait === undefined || !(error instanceof ImageNetworkError) || !mayPass(error)) throw error
        await pause(wait, signal)
      }
    }
  }

  /**
   * A small file whose hash is not known beforehand.
   * @throws ImageNetworkError, ImageFormatError when it has more than `limit` bytes
   */
  async getSmall(url: string, limit: number, signal?: AbortSignal): Promise<Uint8Array> {
    const response = await this.get(url, 0, signal)
    try {
      return await collect(bounded(response.body, limit, shown(url)))
    } catch (cause) {
      signal?.throwIfAborted()
      if (cause instanceof ImageFormatError) throw cause
      throw this.failure(url, messageOf(cause), { cause })
    }
  }

  failure(url: string, reason: string, options: ErrorOptions & { status?: number } = {}): ImageNetworkError {
    return new ImageNetworkError(`${shown(url)}: ${reason}; ${this.#advice}`, options)
  }

  async #once(url: string, offset: number, signal?: AbortSignal): Promise<HttpResponse> {
    let answer: Dispatcher.ResponseData
    try {
      const { target, authorization } = credentials(url)
      answer = await request(target, {
        dispatcher: this.#dispatcher,
        headers: {
          'user-agent': 'strata',
          'accept-encoding': 'identity',
          ...(authorization === undefined ? {} : { authorization }),
          ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
        },
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (cause) {
      throw this.failure(url, `cannot be reached (${messageOf(cause)})`, { cause })
    }
    const { statusCode: status, body } = answer
    if (status === 200 || status === 206 || status === 416) {
      const range = answer.headers['content-range']
      return { status, contentRange: typeof range === 'string' ? range : undefined, body, abandon: () => body.destroy() }
    }
    body.on('error', () => undefined).destroy()
    throw this.failure(url, `expected the file, the server answered ${status}`, { status })
  }
}

function mayPass(error: ImageNetworkError): boolean {
  if (error.status !== undefined) return error.status === 408 || error.status === 429 || error.status >= 500
  const code = systemCode(error.cause)
  return code !== undefined && !hopeless.has(code)
}

function credentials(url: string): { target: string, authorization: string | undefined } {
  if (!URL.canParse(url)) return { target: url, authorization: undefined }
  const { username, password } = new URL(url)
  if (username === '' && password === '') return { target: url, authorization: undefined }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { target: shown(url), authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
