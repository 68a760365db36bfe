import type { Content, Mode, NodeStatus } from '@shoal/interface'
import { NotFoundError, UnavailableError } from '@shoal/interface'
import { systemClock } from '@shoal/base'
import { FETCH_TIMEOUT_S, REPORT_INTERVAL_MS } from '../defaults.js'
import { UsageError } from '../errors.js'
import { formatBytes, formatSeconds, formatShare, plural, shortPeer, table } from '../format.js'
import { COMMON } from '../options/table.js'
import type { Command, Context } from '../types.js'
import { seedUntilStopped } from './seeding.js'

interface DoneLine {
  readonly done: true
  readonly bytes: number
  readonly fromPeers: number
  readonly fromOrigin: number
  readonly seconds: number
  readonly peers: Readonly<Record<string, number>>
}

type Sources = Pick<DoneLine, 'fromPeers' | 'fromOrigin' | 'peers'>

export const fetch: Command = {
  name: 'fetch',
  summary: 'fetch a content from peers and its origin, verify it, write it to disk',
  args: ['LINK'],
  options: ['out', 'seed', 'origin', 'no-origin', 'timeout', ...COMMON],
  defaults: () => ({ timeout: FETCH_TIMEOUT_S }),
  examples: [
    ["shoal fetch 'shoal:bafy…' -o ./copy", 'a single file is written to OUT itself, a folder’s files under it'],
    ["shoal fetch 'shoal:bafy…' -o ./copy --bootstrap /ip4/192.0.2.7/tcp/4701/p2p/12D3…", 'for a link without addresses'],
    ["shoal fetch 'shoal:12D3…/show' -o ./recording --timeout 0", 'a live stream, until it ends; what is there plays meanwhile'],
    ["shoal fetch 'shoal:bafy…' -o ./copy --no-origin --seed", 'peers only, and stays to serve others']
  ],
  notes: 'Run it again to go on after an interruption: what is on disk is verified and kept. It exits with 0 only when every byte is verified\n' +
    'and on disk, of a live stream what its playlists list from then on to its end. Last line of --json: {"done":true,"bytes","fromPeers","fromOrigin","seconds","peers":{id:bytes}}.',
  attach: 'when-running',

  prepare (args, values) {
    if (values.out === undefined) throw new UsageError('fetch needs -o OUT: the file or folder to write to')
    if (values['no-origin'] === true) {
      if (values.mode !== undefined && values.mode !== 'p2p') throw new UsageError(`--no-origin contradicts --mode ${values.mode}`)
      if (values.origin !== undefined) throw new UsageError('--no-origin contradicts --origin')
      values.mode = 'p2p'
    }
    return args
  },

  async run (context) {
    const { args: [link = ''], values, emit } = context
    const since = systemClock.now()
    const patience = new Patience((values.timeout ?? FETCH_TIMEOUT_S) * 1000, context.signal)
    const content = await open(context, link, patience).catch((error: unknown) => {
      patience.stop()
      throw error
    })
    let seeding = false
    try {
      const before = sourcesNow(content)
      const bytes = await save(context, content, patience)
      const { fromPeers, fromOrigin, peers } = sourcesNow(content, before)
      const seconds = Math.round(systemClock.now() - since) / 1000
      emit({ done: true, bytes, fromPeers, fromOrigin, seconds, peers } satisfies DoneLine)
      if (values.seed !== true) return
      seeding = true
      if (!context.attached) await seedUntilStopped(context, content)
    } finally {
      if (!seeding) await content.close()
    }
  },

  render (line) {
    const { bytes, fromPeers, fromOrigin, seconds, peers } = line as DoneLine
    const came = fromPeers + fromOrigin
    const there = Math.max(0, bytes - came)
    const givers = Object.entries(peers).sort((a, b) => b[1] - a[1])
    const head = [
      `Done: ${formatBytes(bytes)} in ${formatSeconds(seconds)}, verified and on disk`,
      `  from peers   ${formatBytes(fromPeers)}${came > 0 ? ` (${formatShare(fromPeers / came)})` : ''}`,
      `  from origin  ${formatBytes(fromOrigin)}`,
      ...there > 0 ? [`  was there    ${formatBytes(there)}`] : []
    ]
    const rows = givers.slice(0, 10).map(([peer, given]) => ['   ', shortPeer(peer), formatBytes(given)])
    return [...head, ...rows.length > 0 ? [table(rows, [2])] : []].join('\n')
  }
}

async function open (context: Context, link: string, patience: Patience): Promise<Content> {
  const { values, log } = context
  const node = await context.node()
  const options = { origins: values.origin, mode: values.mode as Mode | undefined, signal: patience.signal }
  const timer = setInterval(() => { context.progress(looking(node.status)) }, REPORT_INTERVAL_MS)
  try {
    const content = await node.open(link, options)
    const { name, segments, bytes } = content.summary
    log(`Found ${name}: ${plural(segments, 'segment')}, ${formatBytes(bytes)}`)
    return content
  } catch (error) {
    if (patience.lost) throw new NotFoundError(`nobody in reach gave the manifest of ${link.split('?', 1)[0]} within ${values.timeout} s`, { cause: error })
    throw error
  } finally {
    clearInterval(timer)
    context.progress(undefined)
  }
}

function looking ({ connections }: NodeStatus): { doing: string, done: number, notes: string[] } {
  return { doing: 'looking for the content', done: 0, notes: [plural(connections, 'connection')] }
}

/** Gives the bytes that are on disk. */
async function save (context: Context, content: Content, patience: Patience): Promise<number> {
  const { values, progress, signal } = context
  // nobody knows how long a stream will be
  const total = content.summary.live === undefined ? content.summary.bytes : undefined
  let done = 0
  const report = (): void => { progress({ doing: `fetching ${content.summary.name}`, done, total, notes: sources(content) }) }
  const timer = setInterval(report, REPORT_INTERVAL_MS)
  try {
    await content.save(values.out ?? '', {
      signal: patience.signal,
      onprogress (verified) {
        patience.renew()
        done = verified
        report()
      }
    })
  } catch (error) {
    if (!patience.lost || signal.aborted) throw error
    const { connected } = content.stats
    const there = total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`
    throw new UnavailableError(`no new byte for ${values.timeout} s, ${there} are on disk, ${plural(connected, 'peer')} connected`, { cause: error })
  } finally {
    patience.stop()
    clearInterval(timer)
    progress(undefined)
  }
  return total ?? done
}

/** Bytes by source, of this fetch alone: a running node may have had the content open before. */
function sourcesNow ({ stats }: Content, before?: Sources): Sources {
  const peers = Object.entries(stats.peers).map(([peer, bytes]): [string, number] => [peer, bytes - (before?.peers[peer] ?? 0)])
  return {
    fromPeers: stats.fromPeers - (before?.fromPeers ?? 0),
    fromOrigin: stats.fromOrigin - (before?.fromOrigin ?? 0),
    peers: Object.fromEntries(peers.filter(([, bytes]) => bytes > 0))
  }
}

function sources ({ stats: { fromPeers, fromOrigin, connected } }: Content): string[] {
  const came = fromPeers + fromOrigin
  return [plural(connected, 'peer'), ...came > 0 ? [`${formatShare(fromPeers / came)} from peers`] : []]
}

/** Aborts when nothing has come for too long, or when the user stops. */
class Patience {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #ms: number
  #cancel: (() => void) | undefined

  constructor (ms: number, signal: AbortSignal) {
    this.#ms = ms
    this.signal = AbortSignal.any([signal, this.#controller.signal])
    this.renew()
  }

  /** It ran out. */
  get lost (): boolean {
    return this.#controller.signal.aborted
  }

  renew (): void {
    this.stop()
    if (this.#ms > 0) this.#cancel = systemClock.after(this.#ms, () => { this.#controller.abort() })
  }

  stop (): void {
    this.#cancel?.()
  }
}
