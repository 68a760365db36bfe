/**
 * Content-addressed stores of verified blocks, all with the `BlockStore` interface: what goes in is verified, what comes out of a medium is
 * verified again. Here is the one for memory, which runs everywhere. `@shoal/store/node` has the file system and files held by reference,
 * `@shoal/store/browser` the browser's database; bundles for browsers never see the former.
 *
 * ```ts
 * const store = memoryStore({ quota: 256 * 1024 * 1024 })
 * await store.open()
 * await store.put(await hashBlock(bytes))
 * ```
 *
 * @packageDocumentation
 */

export { DigestTable } from './digest-table.js'
export { memoryStore, type MemoryStoreInit } from './memory.js'
