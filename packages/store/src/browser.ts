/**
 * The store of a page: blocks in the browser's database, kept across visits and shared by the tabs of an origin.
 *
 * ```ts
 * const store = browserStore({ name: 'shoal', quota: 512 * 1024 * 1024 })
 * await store.open()
 * ```
 *
 * @packageDocumentation
 */

export { browserStore, type BrowserStoreInit } from './browser/browser-store.js'
