/**
 * Small parts that every package uses and none of which does any I/O: time, randomness, rates and bounded memory, and the conversation that
 * two places of one browser have over a port that they are given.
 * `systemClock` and `systemRandom` are the only places of Shoal that ask the machine for either.
 *
 * @packageDocumentation
 */

export { afterAwake, systemClock, ManualClock, type Clock } from './clock.js'
export { systemRandom, seededRandom, shuffle, type Random } from './random.js'
export { TokenBucket } from './token-bucket.js'
export { Ewma, DecayingRate } from './ewma.js'
export { BoundedMap } from './bounded-map.js'
export { raceSignal } from './race-signal.js'
export { significantQuery, splitSignificant } from './significant-query.js'
export { hash32 } from './hash.js'
export { hostOf, ipOf, ipv6Groups, type Ip } from './ip.js'
export { Questions, Replies, type Answer, type Patience, type Port, type Question, type Reply } from './port.js'
export { toHex, fromHex, equalBytes, concat, uncleared } from './bytes.js'
