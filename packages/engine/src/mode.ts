import type { Mode } from '@shoal/interface'

export interface ModeFacts {
  readonly asked: Mode
  /** An origin is known; `undefined` while the manifest, which may name one, is not. */
  readonly origin: boolean | undefined
  /** Why this device should share nothing for now, `undefined` when it may. */
  readonly sparing: string | undefined
}

/** The mode asked for, or what `auto` comes down to. Bytes that only peers can give come from peers, whatever that costs the device. */
export function chooseMode ({ asked, origin, sparing }: ModeFacts): { readonly mode: Exclude<Mode, 'auto'>, readonly reason: string } {
  if (asked !== 'auto') return { mode: asked, reason: 'asked for' }
  if (origin === false) return { mode: 'p2p', reason: 'no origin is known' }
  if (sparing !== undefined) return { mode: 'origin', reason: sparing }
  return { mode: 'hybrid', reason: 'an origin is known' }
}
