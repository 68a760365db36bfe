/**
 * Stores for Node.js: blocks in few large files, and blocks held by reference where they lie in files of others.
 *
 * ```ts
 * const store = referenceStore(fileStore({ path: '/var/lib/shoal/store', quota: 2 * 1024 ** 3 }))
 * await store.open()
 * ```
 *
 * @packageDocumentation
 */

export { fileStore, type FileStoreInit } from './node/file-store.js'
export { referenceStore, type FileReferenceStore, type ReferenceStoreInit } from './node/reference-store.js'
export type { FileSink, FileSinkInit, SinkFile, VerifyExistingOptions } from './node/file-sink.js'
