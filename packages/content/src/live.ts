/**
 * Live contents: heads that say what there is now, which of them counts, and the manifest that moves with them. Apart from what everybody
 * loads, for those who open one.
 *
 * @packageDocumentation
 */

export { liveSwarmIdOf } from './live-swarm.js'
export { openHead, compareSequences, withWindow, type Head, type Sequence } from './head.js'
export { HeadLog, type Accepted, type Seen, type Verdict } from './head-log.js'
export { applyDelta } from './window-delta.js'
export { decodeWindow, type Window, type WindowEntry } from './window.js'
export { Recording, readVersion, relativeUri, type ListedSegment, type PlaylistVersion } from './recording.js'
export { LiveManifest, type WindowChange } from './live-manifest.js'
