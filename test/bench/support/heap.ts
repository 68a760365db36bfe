import { fileURLToPath } from 'node:url'

/** As the shoal program sets them (`packages/cli/src/heap.ts`), and the same for every contender. */
export const HEAP_FLAGS: readonly string[] = ['--heap-growing-percent=300', '--semi-space-growth-factor=1']

/** Options of Node.js that set them: on the command line V8 takes no growth below 2. */
export const HEAP_OPTIONS: readonly string[] = ['--import', fileURLToPath(new URL('heap-preload.ts', import.meta.url))]
