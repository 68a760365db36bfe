import { WireError, type RefuseReason } from '@shoal/interface'

const REASONS: readonly RefuseReason[] = ['not-found', 'busy', 'choked', 'unauthorised', 'retired', 'not-joined']

/** Code of a reason on the wire: 1 to 6. */
export function reasonCode (reason: RefuseReason): number {
  return REASONS.indexOf(reason) + 1
}

/** A code that this version does not know is taken as `busy`: a refusal for a reason of the future is a refusal still. */
export function reasonOf (code: number): RefuseReason {
  if (code === 0) throw new WireError('expected the code of a reason for a refusal, 1 or more, got 0')
  return REASONS[code - 1] ?? 'busy'
}
