import { describe, expect, it } from 'vitest'
import { chromiumPath, withPage } from './page.ts'

describe('in Chromium', () => {
  it.for([true, false])('the board works as elsewhere (cross-origin isolated: %s)', async (isolated, context) => {
    const path = chromiumPath() ?? context.skip('no Chromium: install it, or name it in CHROMIUM')
    const result = await withPage(path, isolated, (page) => page.evaluate("import('/test/page-scenario.ts').then(({ scenario }) => scenario())"))
    expect(result).toEqual({ shared: isolated, text: 'kernel', deadline: 123_456_789_000, same: true, unpacked: 'kernel', model: 'a page', stop: 'fault' })
  })
})
