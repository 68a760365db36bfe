/**
 * What is published, as bytes: reads a signed manifest without trusting anybody but its publisher, and verifies each block. No network and
 * no disk: pages of a manifest come in through a function. Making contents is the entry `@shoal/content/publishing`, the media types of
 * HTTP are `@shoal/content/content-type`, and what live contents need is `@shoal/content/live`: those who only read need not load them.
 *
 * `parseLink` → `openManifest` → `blockRange` → `verifyBlock`.
 *
 * @packageDocumentation
 */

export { BLOCK_SIZE_BYTES, MANIFEST_SEGMENT, MAX_ENVELOPE_BYTES } from './limits.js'
export { verifyBlock, hashBlock, sha256 } from './verify.js'
export { parseLink, swarmIdOf, type Link, type LinkHints, type ManifestLink, type PublisherLink } from './link.js'
export { blockRange, blockOffset, blockLength, type Blocks, type BlockRange } from './block-range.js'
export { openManifest, type OpenManifestInit } from './open-manifest.js'
export { refusalOf } from './permission.js'
export type { OpenedManifest } from './paged-manifest.js'
export { openPurge, comparePurges, type Purge, type PurgedContent, type PurgeList } from './purge.js'
export { Purged } from './purged.js'
