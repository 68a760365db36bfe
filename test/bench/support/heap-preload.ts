/** Loaded before everything else into the processes that are measured. */

import { setFlagsFromString } from 'node:v8'
import { HEAP_FLAGS } from './heap.ts'

for (const flag of HEAP_FLAGS) setFlagsFromString(flag)
