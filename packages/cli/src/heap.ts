/*
 * How V8 collects garbage in this program, set before anything else is loaded. Blocks pass through as memory outside the heap, which V8
 * gives back when it collects what points to it; doc/performance.md has what both cost and save.
 */

import { setFlagsFromString } from 'node:v8'

// For every few MiB outside the heap all of it is marked anew by default: with this headroom about half as often
setFlagsFromString('--heap-growing-percent=300')
// The nursery stays as small as it begins. It is collected all the more often, which costs little, for little of it lives, and frees the
// blocks that went through before there are so many that the whole heap has to be marked
setFlagsFromString('--semi-space-growth-factor=1')
