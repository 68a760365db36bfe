/**
 * The `shoal` command line: publish, fetch, serve, status, peers.
 *
 * `main` runs one command line with everything from outside handed in: streams, environment, and `createNode`, so that another program,
 * a bundle or a test can run it with a node of its own making. The binary itself is `bin.ts`. One table (`options/table.ts`) says what
 * options there are; commands (`commands/`) are functions that run in this process or, over the control socket of a data folder
 * (`control/`), in the one that owns it. `serve` adds the HTTP gateway with its status page (`gateway/`) and the metrics.
 *
 * @packageDocumentation
 */

export { main, type MainInit } from './main.js'
export type { CreateNode } from './types.js'
