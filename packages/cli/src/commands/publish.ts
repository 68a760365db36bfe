import { basename, resolve } from 'node:path'
import { UsageError } from '../errors.js'
import { formatBytes, plural, printable } from '../format.js'
import { POLICY_OPTIONS, policyOf } from '../options/policy.js'
import { COMMON } from '../options/table.js'
import type { Command } from '../types.js'
import { seedUntilStopped } from './seeding.js'

interface PublishedLine {
  readonly link: string
  readonly manifest: string
  readonly root: string
  readonly peerId: string
  readonly addrs: readonly string[]
  readonly segments: number
  readonly bytes: number
}

export const publish: Command = {
  name: 'publish',
  summary: 'chunk, hash, sign, announce and seed a file, a folder or a live stream',
  args: ['PATH'],
  options: ['origin', 'copy', 'live', 'once', 'name', ...POLICY_OPTIONS, ...COMMON],
  examples: [
    ['shoal publish ./public', 'prints a link and seeds until Ctrl-C'],
    ['shoal publish ./show --origin https://cdn.example.com/show/', 'peers that miss something get it from there'],
    ['shoal publish --live ./hls --name tonight --data ./node', 'follows the playlists in ./hls; the link stays the same'],
    ['shoal publish ./show --tag season-1', 'can be taken back with all else of that tag: shoal purge --tag season-1'],
    ['shoal publish ./show --ttl 86400 --replication 5', 'signed with it: copies live for a day, and caches keep five'],
    ['shoal publish ./show --tenant tenant.json --require-token 12D3Koo…', 'only for peers with a token of that tenant'],
    ['shoal publish film.mp4 --data ./node --once', 'stores and exits; a later "shoal serve --data ./node" seeds it']
  ],
  notes: 'Files are served from where they lie; one that changes is withdrawn. Beside a running node on the same --data, that node takes over\n' +
    'and this command exits. With --live, PATH may be a folder, a playlist or MPD, or its URL; the link names the key in --data and the name.\nFirst line of --json: {"link","manifest","root","peerId","addrs","segments","bytes"}.',
  attach: 'when-running',

  prepare (args, values, cwd) {
    if (values.once === true && values.data === undefined) throw new UsageError('--once needs --data: without a folder nothing would be left')
    if ((values.origin?.length ?? 0) > 1) throw new UsageError('publish takes one --origin: the base URL that goes into the link')
    if (values.live === true && values.once === true) throw new UsageError('--live contradicts --once: a stream is followed as long as it goes on')
    return args.map(path => values.live === true && /^https?:/i.test(path) ? path : resolve(cwd, path))
  },

  async run (context) {
    const { args: [path = ''], values, signal, emit, progress } = context
    const node = await context.node()
    signal.throwIfAborted()
    const { content, ...published } = await node.publish(path, {
      signal,
      copy: values.copy,
      live: values.live,
      origin: values.origin?.[0],
      name: values.name,
      policy: policyOf(values),
      onprogress: (done, total) => { progress({ doing: `hashing ${basename(path)}`, done, total, notes: [] }) }
    })
    progress(undefined)
    const { link, manifest, root, segments, bytes } = published
    emit({ link, manifest, root, peerId: node.peerId, addrs: node.addrs, segments, bytes } satisfies PublishedLine)
    if (!context.attached && values.once !== true) await seedUntilStopped(context, content)
  },

  render (line) {
    const { link, manifest, root, peerId, segments, bytes } = line as PublishedLine
    return [
      `Published ${plural(segments, 'segment')}, ${formatBytes(bytes)}`,
      `  manifest  ${manifest}`,
      `  root      ${root}`,
      `  peer      ${peerId}`,
      '',
      `Fetch it with: shoal fetch '${printable(link)}' -o OUT`
    ].join('\n')
  }
}
