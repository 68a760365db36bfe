/**
 * What the contents of a node share, and the drivers that run their swarms: peer manager, upload scheduler, readers, manifest lookup, the
 * one timer.
 * Everything that touches the world comes in through `EngineComponents`, so the simulator runs the same code on virtual sessions.
 *
 * ```ts
 * const engine = createEngine({ self, capacity: 2 }, components)
 * await engine.start()
 * const open = engine.open({ swarm, link, mode: 'hybrid', root, origin: () => origin, hints: [], emit })
 * const manifest = await open.manifest()
 * ```
 *
 * @packageDocumentation
 */

export { createEngine } from './engine.js'
export type { Affordable } from './mode.js'
export { hintsOf } from './members.js'
export type {
  AddressBook, ContentSink, Emit, Engine, EngineComponents, EngineInit, EngineLimits, OpenSwarm, RevocationRecords, SwarmOpening,
  UploadLimits
} from './types.js'
