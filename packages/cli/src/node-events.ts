import type { ConnectionFault, PenaltyReason, Shoal, ShoalEvents, SourceKind } from '@shoal/interface'
import { shortPeer } from './format.js'

/** What a node reported since it started, counted. */
export interface EventCounts {
  readonly penalties: ReadonlyMap<string, number>
  /** By `from→to`, then reason, joined by blanks. */
  readonly fallbacks: ReadonlyMap<string, number>
  readonly segments: ReadonlyMap<SourceKind, number>
  /** By who refused whom, then reason, joined by a blank. */
  readonly refusals: ReadonlyMap<string, number>
  /** Connections that were refused, by reason. */
  readonly refusedConnections: ReadonlyMap<string, number>
  readonly connects: number
  readonly disconnects: number
  readonly withdrawn: number
  readonly corrupt: number
  readonly errors: number
}

const PENALTY_REASONS: Readonly<Record<PenaltyReason, 0>> = {
  'corrupt-block': 0, 'protocol-violation': 0, 'stalled': 0, 'false-have': 0, 'spam': 0, 'bad-head': 0, 'bad-purge': 0, 'bad-announcement': 0
}
const CONNECTION_FAULTS: Readonly<Record<ConnectionFault, 0>> = { banned: 0, silent: 0, crowded: 0, full: 0 }
const SOURCES: Readonly<Record<SourceKind, 0>> = { peer: 0, origin: 0, store: 0 }

/** Counts a node's events. Reasons are few and fixed, so the maps stay small; known ones start at 0, as rates over them need. */
export function countEvents (node: Shoal): EventCounts {
  const counts = {
    penalties: new Map<string, number>(Object.entries(PENALTY_REASONS)),
    fallbacks: new Map<string, number>(),
    segments: new Map(Object.entries(SOURCES)) as Map<SourceKind, number>,
    refusals: new Map<string, number>(),
    refusedConnections: new Map<string, number>(Object.entries(CONNECTION_FAULTS)),
    connects: 0,
    disconnects: 0,
    withdrawn: 0,
    corrupt: 0,
    errors: 0
  }
  node.addEventListener('peer:penalty', ({ detail }) => { add(counts.penalties, detail.reason) })
  node.addEventListener('peer:refused', ({ detail }) => { add(counts.refusals, `${detail.by} ${detail.reason}`) })
  node.addEventListener('connection:refused', ({ detail }) => { add(counts.refusedConnections, detail.reason, detail.count) })
  node.addEventListener('fallback', ({ detail }) => { add(counts.fallbacks, `${detail.from} ${detail.to} ${detail.reason}`) })
  node.addEventListener('segment', ({ detail }) => { add(counts.segments, detail.source) })
  node.addEventListener('peer:connect', () => { counts.connects++ })
  node.addEventListener('peer:disconnect', () => { counts.disconnects++ })
  node.addEventListener('store:withdrawn', ({ detail }) => { counts.withdrawn += detail.blocks })
  node.addEventListener('store:corrupt', () => { counts.corrupt++ })
  node.addEventListener('error', () => { counts.errors++ })
  return counts
}

function add<K> (map: Map<K, number>, key: K, count = 1): void {
  map.set(key, (map.get(key) ?? 0) + count)
}

/** Same lines in a row within this many are written once: a flood from outside must not become a flood of logs. */
const REMEMBERED_LINES = 32

const CONNECTION_FAULT_TEXTS: Readonly<Record<ConnectionFault, string>> = {
  banned: 'the peer is shut out',
  silent: 'too many of the same address without a handshake',
  crowded: 'too many at once',
  full: 'no more are allowed'
}

/** Writes what an operator should know: penalties, refusals, withdrawn and corrupt files, errors; everything when `verbose`. */
export function logEvents (node: Shoal, log: (line: string) => void, verbose: boolean): void {
  const recent: string[] = []
  const once = (line: string): void => {
    if (recent.includes(line)) return
    recent.push(line)
    if (recent.length > REMEMBERED_LINES) recent.shift()
    log(line)
  }
  const on = <T extends keyof ShoalEvents>(type: T, write: (detail: ShoalEvents[T]['detail']) => string, out = once): void => {
    node.addEventListener(type, event => { out(write(event.detail)) })
  }
  on('error', ({ doing, error }) => `error while ${doing}: ${error.message}`)
  on('peer:penalty', ({ peer, reason, detail, score }) => `peer ${shortPeer(peer)} penalised: ${reason}, ${detail}; score ${score}`)
  on('peer:refused', ({ content, peer, by, reason, detail }) => {
    return `${content}: ${by === 'us' ? `peer ${shortPeer(peer)} refused` : `refused by peer ${shortPeer(peer)}`}, ${reason}: ${detail}`
  })
  on('connection:refused', ({ reason, count, from }) => {
    const why = CONNECTION_FAULT_TEXTS[reason]
    return count === 1 ? `1 connection refused, ${why}, from ${from}` : `${count} connections refused, ${why}, most from ${from}`
  }, log)
  on('store:withdrawn', ({ path, blocks, reason }) => `${path} is no longer seeded (${blocks} blocks): ${reason}`)
  on('store:corrupt', ({ where }) => `bad block in ${where} dropped`)
  on('purge', ({ content, all, paths, cids, reason }) => {
    const what = all ? 'all' : [...paths, ...cids].join(', ')
    return `${content}: ${what} purged by its publisher${reason === '' ? '' : `: ${reason}`}`
  })
  on('mode', ({ mode, reason }) => `delivery mode is now ${mode}: ${reason}`)
  if (!verbose) return
  on('peer:connect', ({ peer, route, limited, direction, addr }) =>
    `peer ${shortPeer(peer)} connected (${route}${limited ? ' for signalling' : ''}, ${direction}) ${addr}`, log)
  on('peer:disconnect', ({ peer, reason }) => `peer ${shortPeer(peer)} left: ${reason}`, log)
  on('fallback', ({ path, from, to, reason }) => `${path}: ${from} → ${to}, ${reason}`, log)
  on('segment', ({ path, bytes, source, reason, ms }) => `${path}: ${bytes} bytes from ${source}, ${reason}, ${Math.round(ms)} ms`, log)
  on('address', ({ addrs }) => `addresses: ${addrs.join(' ')}`)
  on('manifest:update', ({ content, added, retired, ended }) => {
    return `${content}: ${added} segments more, ${retired} less${ended ? ', the stream has ended' : ''}`
  }, log)
}
