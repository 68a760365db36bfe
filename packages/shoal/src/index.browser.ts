/**
 * The browser entry: the same names as the Node.js entry. What is here is small; the node loads with the first call of `createShoal`.
 *
 * @packageDocumentation
 */

import type { Shoal, ShoalOptions } from '@shoal/interface'

export type * from '@shoal/interface'
export * from './errors.js'
export { parseRate, parseSize } from './units.js'

/**
 * Starts a node in this page, or uses that of another tab of this origin: one of them has it, and when that goes another takes over
 * (`share: false` is a node of its own). Loads the node's code when it is needed. A page that is no secure context (`https:` or loopback)
 * has no WebCrypto and gets one that opens and publishes nothing: its `fetch` is the global one, with a `fallback` event that says why.
 *
 * @throws ConfigError an option makes no sense
 */
export async function createShoal (options: ShoalOptions = {}): Promise<Shoal> {
  if (!globalThis.isSecureContext) return (await import('./browser/origin-only.js')).originOnly()
  const { share = true, store } = options
  if (share && store?.kind !== 'memory' && 'locks' in navigator && 'BroadcastChannel' in globalThis) {
    return await (await import('./browser/tabs/tab-shoal.js')).startTab(options)
  }
  return await (await import('./browser/node.js')).browserNode(options)
}
