import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'
import { chromium } from 'playwright-core'
import ts from 'typescript'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'

const packages = join(import.meta.dirname, '../../..')
const html = `<!doctype html><title>test</title>
<script type="importmap">{"imports": {"@strata/machine": "/machine/src/index.ts"}}</script>`

/** Where Debian and others put Chromium; `undefined` if there is none. */
export const chromiumPath = (): string | undefined =>
  [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))

/**
 * Opens an empty page that can import the sources and tests of this package and of those it depends on (`/emulator/test/…`),
 * types stripped and nothing else done to them, and hands it to `use`. `isolated` pages may share memory with workers.
 */
export const withPage = async <Result>(executablePath: string, isolated: boolean, use: (page: Page) => Promise<Result>): Promise<Result> => {
  const server = createServer((request, response) => {
    const path = normalize(request.url ?? '/')
    const headers = isolated ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } : {}
    if (path === '/') response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(html)
    else if (/^\/(machine\/src|emulator\/(src|test))\/.*\.ts$/.test(path) && existsSync(join(packages, path))) {
      const { outputText } = ts.transpileModule(readFileSync(join(packages, path), 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
      })
      response.writeHead(200, { 'content-type': 'text/javascript', ...headers }).end(outputText)
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`)
    return await use(page)
  } finally {
    await browser.close()
    server.close()
  }
}
