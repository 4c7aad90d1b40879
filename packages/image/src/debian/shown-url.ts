/** A URL without its password, fit for messages. */
export function shown(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//')
}
