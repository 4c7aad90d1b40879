import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import type { TestProjectInlineConfiguration } from 'vitest/config'

// Tests import the packages' sources, never what was built from an older state of them.
const conditions = ['strata-source', 'node', 'import', 'default']

const project = (name: string, root: string, include: string): TestProjectInlineConfiguration => ({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['strata-source'] } },
  test: { name, root, include: [include], testTimeout: 60_000, hookTimeout: 60_000 },
})

const packages = ['packages', 'apps']
  .flatMap(parent => readdirSync(parent).map(name => ({ name, root: `${parent}/${name}` })))
  .filter(({ root }) => existsSync(`${root}/package.json`))

export default defineConfig({
  test: {
    projects: [
      ...packages.map(({ name, root }) => project(name, root, 'test/**/*.test.ts')),
      project('bench', 'bench', 'test/**/*.test.ts'),
      project('tests', 'tests', '**/*.test.ts'),
    ],
  },
})
