import { defineConfig } from 'vitest/config'

const project = (name: string, root: string) => ({
  resolve: { conditions: ['strata-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['strata-source', 'node', 'import', 'default'], externalConditions: ['strata-source'] } },
  test: { name, root, include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})

export default defineConfig({
  test: {
    projects: [
      project('machine', 'packages/machine'),
      project('emulator', 'packages/emulator'),
      project('paravirt', 'packages/paravirt'),
      project('image', 'packages/image'),
      project('cli', 'apps/cli'),
    ],
  },
})
