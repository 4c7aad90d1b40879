import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'
import { chromium } from 'playwright-core'
import ts from 'typescript'
import { root } from '../workspace.ts'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'

const imports = Object.fromEntries(['machine', 'emulator', 'paravirt'].map((name) => [`@strata/${name}`, `/packages/${name}/src/index.ts`]))
const html = `<!doctype html><title>test</title><script type="importmap">${JSON.stringify({ imports })}</script>`

/** Where Debian and others put Chromium; `undefined` if there is none. */
export const chromiumPath = (): string | undefined =>
  [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))

/** Opens an empty page that can import the packages' sources and fetch `files`, and hands it to `use`. */
export const withPage = async <Result>(
  executablePath: string, isolated: boolean, files: Readonly<Record<string, Uint8Array>>, use: (page: Page) => Promise<Result>,
): Promise<Result> => {
  const server = createServer((request, response) => {
    const path = normalize(request.url ?? '/')
    const headers = isolated ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } : {}
    const file = files[path]
    if (path === '/') response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(html)
    else if (file !== undefined) response.writeHead(200, { 'content-type': 'application/octet-stream', ...headers }).end(file)
    else if (/^\/(packages\/[a-z]+\/src|tests)\/.*\.ts$/.test(path) && existsSync(join(root, path))) {
      const { outputText } = ts.transpileModule(readFileSync(join(root, path), 'utf8'), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true },
      })
      response.writeHead(200, { 'content-type': 'text/javascript', ...headers }).end(outputText)
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    return await use(page)
  } finally {
    await browser.close()
    server.close()
  }
}
