import { defineConfig, globalIgnores } from 'eslint/config'
import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'

/** Files that are made to ask the machine for time and randomness. */
const MACHINE = ['packages/base/src/clock.ts', 'packages/base/src/random.ts']
/** Programs and pages, which own their process or window. */
const PROGRAMS = ['packages/cli/src/**', 'packages/demo/src/**']
/** Library files that run in Node.js alone, and say so by their name. */
const NODE_ONLY = ['packages/*/src/**/*.node.ts', 'packages/*/src/node/**', 'packages/*/src/**/node.ts']
/** Library files that run in browsers alone, and say so by their name. */
const BROWSER_ONLY = ['packages/*/src/**/*.browser.ts', 'packages/*/src/browser/**', 'packages/*/src/**/browser.ts']

const inject = what => `inject ${what} (@shoal/base), so that tests and the simulator run on their own`
const elsewhere = 'belongs into a file that says where it runs: *.node.ts, *.browser.ts, node/, browser/ (or is passed in as an option)'

const TIME = ['setTimeout', 'setInterval', 'setImmediate', 'performance'].map(name => ({ name, message: `${name}: ${inject('a Clock')}` }))
const NODE_GLOBALS = ['process', 'Buffer', 'global', '__dirname']
  .map(name => ({ name, message: `${name} exists in Node.js only: it ${elsewhere}` }))
const BROWSER_GLOBALS = ['window', 'document', 'navigator', 'location', 'localStorage', 'indexedDB']
  .map(name => ({ name, message: `${name} exists in browsers only: it ${elsewhere}` }))
const CONSOLE = [{ name: 'console', message: 'a library is silent: what happened surfaces as a typed event or error' }]

const CLOCK_AND_RANDOM = [
  { object: 'Date', property: 'now', message: `Date.now: ${inject('a Clock')}` },
  { object: 'Math', property: 'random', message: `Math.random: ${inject('a Random')}` },
  { object: 'globalThis', property: 'setTimeout', message: inject('a Clock') },
  { object: 'globalThis', property: 'performance', message: inject('a Clock') },
  { object: 'AbortSignal', property: 'timeout', message: `AbortSignal.timeout: ${inject('a Clock')}` }
]
const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'export by name: a default export has another name in every file that imports it'
}
const NO_NEW_DATE = { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: `new Date(): ${inject('a Clock')}` }

export default defineConfig(
  globalIgnores(['**/dist/', '**/fixtures/', 'coverage/', '.cache/', 'test/bench/rivals/', 'interop/**/node_modules/', 'interop/peers/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{js,mjs,ts}'],
    extends: [
      stylistic.configs.customize({ quotes: 'single', semi: false, commaDangle: 'never', braceStyle: '1tbs', jsx: false })
    ],
    rules: {
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/generator-star-spacing': ['error', 'both'],
      '@stylistic/yield-star-spacing': ['error', 'both'],
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true }],
      '@stylistic/arrow-parens': ['error', 'as-needed'],
      '@stylistic/member-delimiter-style': 'off',
      '@stylistic/max-statements-per-line': 'off',
      '@stylistic/indent': 'off',
      '@stylistic/indent-binary-ops': 'off',
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/operator-linebreak': 'off',
      '@stylistic/quote-props': 'off',
      'eqeqeq': ['error', 'always'],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'anywhere' }],
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      'object-shorthand': 'error',
      'prefer-const': 'error'
    }
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // takes a cast for needless where a Uint8Array must not be shared memory (8.73)
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      // `as X` names what is known, `!` does not
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // `'origin' | PeerName` tells a reader more than `string`
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', {
        allowNumber: true,
        allowBoolean: true,
        // they have a text form of their own
        allow: [
          { from: 'lib', name: ['Error', 'URL', 'URLSearchParams'] },
          { from: 'package', package: 'multiformats', name: ['CID', 'Link'] },
          { from: 'package', package: '@libp2p/interface', name: ['PeerId', 'Ed25519PeerId'] },
          { from: 'package', package: '@multiformats/multiaddr', name: 'Multiaddr' }
        ]
      }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }]
    }
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-restricted-globals': ['error', ...TIME, ...NODE_GLOBALS, ...BROWSER_GLOBALS, ...CONSOLE],
      'no-restricted-properties': ['error', ...CLOCK_AND_RANDOM],
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_NEW_DATE],
      'no-restricted-imports': ['error', {
        patterns: [{ regex: '^node:', message: `A Node.js module ${elsewhere}.` }]
      }]
    }
  },
  {
    files: NODE_ONLY,
    rules: {
      'no-restricted-globals': ['error', ...TIME, ...BROWSER_GLOBALS, ...CONSOLE],
      'no-restricted-imports': 'off'
    }
  },
  {
    files: BROWSER_ONLY,
    rules: { 'no-restricted-globals': ['error', ...TIME, ...NODE_GLOBALS, ...CONSOLE] }
  },
  {
    files: MACHINE,
    rules: {
      'no-restricted-globals': ['error', ...NODE_GLOBALS, ...BROWSER_GLOBALS],
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT]
    }
  },
  {
    files: PROGRAMS,
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      'no-restricted-imports': 'off'
    }
  },
  {
    // chai's assertions are expressions, stubs implement what they need and no more
    files: ['packages/*/test/**/*.ts', 'test/**/*.ts', 'interop/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreIIFE: true }],
      '@typescript-eslint/unbound-method': 'off'
    }
  },
  {
    files: ['*.config.js'],
    rules: { 'no-restricted-syntax': 'off' }
  }
)
