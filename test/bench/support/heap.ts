/** As the shoal program sets them (`packages/cli/src/heap.ts`), and the same for every contender. */
export const HEAP_FLAGS: readonly string[] = ['--heap-growing-percent=300', '--semi-space-growth-factor=1']
