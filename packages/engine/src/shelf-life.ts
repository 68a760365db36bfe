import type { OpenedManifest } from '@shoal/content'

/**
 * Seconds for which a block that comes now is worth keeping: what is left of the `ttl` in its publisher's policy, 0 when that is over;
 * `undefined` when nothing is asked. Of a live content each segment's time begins when it comes.
 *
 * @param wall ms since 1970
 * @param longest seconds that this node keeps anything
 */
export function shelfLife (
  { policy: { ttl }, summary: { live }, createdAt }: Pick<OpenedManifest, 'policy' | 'summary' | 'createdAt'>, wall: number, longest: number
): number | undefined {
  if (ttl === undefined) return undefined
  const left = live === undefined ? Math.min(ttl, Math.max(0, ttl - (wall - createdAt) / 1000)) : ttl
  return Math.min(left, longest)
}
