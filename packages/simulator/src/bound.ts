import type { Scenario } from './types.js'

/**
 * Seconds that a swarm of a file takes at the least: no peer is done before the publisher has sent every byte once, and as many copies as
 * there are peers have to go up somebody's link: max(F/u_s, N·F/(u_s + Σu_i)). Payload bytes at the rates as they are set.
 *
 * @throws RangeError when the scenario's content is no file
 */
export function fluidBound ({ content, viewers, audience, publisher }: Scenario): number {
  if (content.kind !== 'file') throw new RangeError(`expected the content of the scenario to be a file, got ${content.kind}`)
  const rate = ({ up, rate = Infinity }: { up: number, rate?: number | undefined }): number => Math.min(up, 8 * rate)
  const peers = viewers * audience.reduce((sum, each) => sum + each.share * rate(each), 0)
  return 8 * content.bytes * Math.max(1 / rate(publisher), viewers / (rate(publisher) + peers))
}
