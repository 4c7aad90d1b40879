import { EnvHttpProxyAgent, type Dispatcher } from 'undici'
import { ImageOptionError } from '../errors.ts'

export interface ProxySettings {
  /** For http: URLs; undefined leaves it to the environment, an empty text means none. */
  readonly http?: string | undefined
  /** For https: URLs, likewise. */
  readonly https?: string | undefined
}

/**
 * Connects as the host is told to: through the given proxies, else those of `http_proxy`, `https_proxy` and `no_proxy`.
 * @throws ImageOptionError when a proxy is no URL
 */
export function proxyDispatcher(settings: ProxySettings): Dispatcher {
  const options = {
    connect: { timeout: 15_000 },
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
    // Plain requests go to the proxy as such; caches for packages refuse tunnels.
    proxyTunnel: false,
    ...(settings.http === undefined ? {} : { httpProxy: settings.http }),
    ...(settings.https === undefined ? {} : { httpsProxy: settings.https }),
  }
  try {
    return new EnvHttpProxyAgent(options)
  } catch (cause) {
    throw new ImageOptionError('http_proxy, https_proxy or the host\'s apt configuration names a proxy that is no URL', { cause })
  }
}
