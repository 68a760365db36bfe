/**
 * The making of contents: cuts files into blocks, names them as the IPFS world does and states them in a signed manifest. Sources of bytes
 * come in as async iterables.
 *
 * `mapMedia` → `segmentFiles` → `buildManifest`.
 *
 * @packageDocumentation
 */

export type { Hasher } from './leaf-digests.js'
export { segmentFiles, blockRefs, type FileEntry, type SegmentedFile, type SegmentFilesOptions } from './segment-files.js'
export type { Cutting } from './cutting.js'
export { unixfsFile, type UnixFsNode } from './unixfs.js'
export { unixfsDirectory } from './unixfs-directory.js'
export { buildManifest, type ManifestInit, type BuiltManifest } from './build-manifest.js'
export { mapMedia, cuttingOf } from './map-media.js'
export type { MediaInfo, MediaMap } from './media.js'
export { formatLink } from './format-link.js'
export { buildHead, type BuiltHead, type HeadInit } from './build-head.js'
export { readAsHls, readPresentation } from './live-presentation.js'
export type { MediaPlaylist } from './live-playlist.js'
export { boundariesOf, type Named } from './named-files.js'
export { buildPurge } from './build-purge.js'
