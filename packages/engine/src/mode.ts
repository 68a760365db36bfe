import type { Mode, Sharing } from '@shoal/interface'

/** What a device can afford to share, and why not more. */
export interface Affordable {
  readonly sharing: Sharing
  readonly reason: string
}

export interface ModeFacts {
  readonly asked: Mode
  /** An origin is known; `undefined` while the manifest, which may name one, is not. */
  readonly origin: boolean | undefined
  /** `undefined` where nobody watches the device. */
  readonly device: Affordable | undefined
  /** What the user allows. */
  readonly user: Sharing
}

export interface Choice {
  readonly mode: Exclude<Mode, 'auto'>
  readonly sharing: Sharing
  readonly reason: string
}

/**
 * The mode asked for, or what `auto` comes down to, within what the user allows. Bytes that only peers can give come from peers, whatever
 * that costs the device, but never against the user's word.
 */
export function chooseMode ({ asked, origin, device, user }: ModeFacts): Choice {
  if (user === 'off') return { mode: 'origin', sharing: 'off', reason: 'the user shares nothing' }
  if (asked === 'origin') return { mode: 'origin', sharing: 'off', reason: 'asked for' }
  const { sharing: affordable, reason } = (asked === 'auto' ? device : undefined) ?? { sharing: 'full', reason: '' }
  if (affordable === 'off' && origin !== false) return { mode: 'origin', sharing: 'off', reason }
  const mode = asked !== 'auto' ? asked : origin === false ? 'p2p' : 'hybrid'
  if (affordable !== 'full') return { mode, sharing: 'download', reason: mode === 'p2p' ? `no origin is known, and ${reason}` : reason }
  if (user === 'download') return { mode, sharing: 'download', reason: 'the user gives nothing' }
  const known = origin === false ? 'no origin is known' : 'an origin is known'
  return { mode, sharing: 'full', reason: asked === 'auto' ? known : 'asked for' }
}
