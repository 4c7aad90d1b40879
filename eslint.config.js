import importX, { createNodeResolver } from 'eslint-plugin-import-x'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { boundaries } from './scripts/lint/boundaries.mjs'

export default defineConfig(
  globalIgnores(['**/dist/', '**/node_modules/', '**/.turbo/', 'bench/results/']),
  {
    files: ['**/*.ts', '**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true },
    plugins: { 'import-x': importX, strata: { rules: { boundaries } } },
    settings: {
      'import-x/extensions': ['.ts', '.mjs', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.mjs', '.js'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mjs', '.js'] })],
    },
    rules: {
      'strata/boundaries': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-duplicates': ['error', { 'prefer-inline': false }],
      'no-console': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      semi: 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-import-type-side-effects': 'error',

      // Addresses, sizes and register numbers go into messages all the time; a number prints as what it is.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      // An index that was just checked against the length is the common case with noUncheckedIndexedAccess, and
      // typed arrays are indexed on every hot path, where a check that cannot fail costs time.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `() => port.write(x)` forwards; that the result is void is the point.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      // A `for` loop over registers or pages by index is clearer than an iterator when the index is the address.
      '@typescript-eslint/prefer-for-of': 'off',
      // Ports are implemented with methods that need no `await` today.
      '@typescript-eslint/require-await': 'off',
      // `while (true)` is how a machine runs.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'all' }],
      // A device that ignores writes has an empty `write`; a comment inside says so where it matters.
      '@typescript-eslint/no-empty-function': 'off',
      // isolatedDeclarations wants the types of exports written down; one rule for all of them is easier to keep.
      '@typescript-eslint/no-inferrable-types': 'off',
      // `{ readonly [register: string]: Plain }` names what the key is, and may refer to itself; a Record does neither.
      '@typescript-eslint/consistent-indexed-object-style': 'off',
    },
  },
  {
    // Types are written as JSDoc casts here, which this rule does not see.
    files: ['**/*.mjs', '**/*.js'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    // Programs talk to a terminal.
    files: ['apps/**', 'bench/**', 'scripts/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/test/**', 'tests/**'],
    rules: {
      // What a guest or a JSON report hands back is examined by the assertions themselves.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      'no-console': 'off',
    },
  },
)
