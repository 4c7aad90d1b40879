// Lets a child process import TypeScript sources: `node --conditions strata-source --import <this file> program.ts`.
import { readFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** @type {import('node:module').LoadHook} */
export const load = async (url, context, next) => {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const { outputText } = ts.transpileModule(readFileSync(fileURLToPath(url), 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  })
  return { format: 'module', source: outputText, shortCircuit: true }
}

// Node executes this file twice: as what `--import` names, and, on a thread of its own, as the hooks.
if (isMainThread) register(import.meta.url)
