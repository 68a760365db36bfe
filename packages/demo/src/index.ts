/**
 * The demo: an origin with a film, a Shoal node beside it, and a page whose viewers serve each other. `npm start` runs it; tests and the
 * demo check start the same parts with `startDemo`.
 *
 * @packageDocumentation
 */

export { startDemo, type Demo, type DemoOptions } from './demo.js'
export type { ViewerReport, DemoState, PageConfig, PeerReport } from './reports.js'
