import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StoreError, type Content, type Published } from '@shoal/interface'
import { UsageError } from '../errors.js'
import { formatBytes, plural, printable } from '../format.js'
import { POLICY_OPTIONS, policyOf } from '../options/policy.js'
import { COMMON } from '../options/table.js'
import type { Command, Context } from '../types.js'
import { seedUntilStopped } from './seeding.js'

/** What is being written has this after its name, until it is complete. */
const PART_SUFFIX = '.shoal-part'

interface ExportedLine { readonly root: string, readonly bytes: number, readonly out: string }

interface ImportedLine extends Pick<Published, 'link' | 'manifest' | 'root' | 'segments' | 'bytes'> {
  readonly peerId: string
  readonly addrs: readonly string[]
}

export const exportCommand: Command = {
  name: 'export',
  summary: 'write a content into a CAR file, which every IPFS node can import',
  args: ['LINK'],
  options: ['out', 'origin', ...COMMON],
  examples: [
    ["shoal export 'shoal:bafy…' -o show.car", 'then: ipfs dag import show.car'],
    ["shoal export 'shoal:bafy…' -o show.car --data ./node", 'what ./node holds is not fetched']
  ],
  notes: 'The CAR file (version 1) holds the UnixFS graph of the content from its root, which publish prints too.\n' +
    'First line of --json: {"root","bytes","out"}; "bytes" is the size of the file.',
  attach: 'when-running',

  prepare (args, values, cwd) {
    if (values.out === undefined) throw new UsageError('export needs -o FILE: the CAR file to write')
    values.out = resolve(cwd, values.out)
    return args
  },

  async run (context) {
    const { args: [link = ''], values, emit, signal } = context
    const node = await context.node()
    const content = await node.open(link, { signal, origins: values.origin })
    try {
      emit(await write(context, content, values.out as string) satisfies ExportedLine)
    } finally {
      await content.close()
    }
  },

  render (line) {
    const { root, bytes, out } = line as ExportedLine
    return `Wrote ${formatBytes(bytes)} to ${printable(out)}\n  root  ${root}`
  }
}

/** The file has its name when all of it is there. */
async function write ({ signal, progress }: Context, content: Content, out: string): Promise<ExportedLine> {
  const { exportCar } = await import('@shoal/ipfs')
  let [root, bytes] = ['', 0]
  async function * counted (): AsyncGenerator<Uint8Array> {
    for await (const chunk of exportCar(content, signal, found => { root = found })) {
      bytes += chunk.byteLength
      progress({ doing: `exporting ${content.summary.name}`, done: bytes, total: content.summary.bytes, notes: [] })
      yield chunk
    }
  }
  try {
    await pipeline(Readable.from(counted()), createWriteStream(out + PART_SUFFIX), { signal })
    await rename(out + PART_SUFFIX, out)
  } catch (error) {
    await rm(out + PART_SUFFIX, { force: true })
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new StoreError(`${out} cannot be written: ${(error as Error).message}`, { cause: error })
  } finally {
    progress(undefined)
  }
  return { root, bytes, out }
}

export const importCommand: Command = {
  name: 'import',
  summary: 'publish what a CAR file of the IPFS world holds',
  args: ['FILE'],
  options: ['origin', 'once', 'name', ...POLICY_OPTIONS, ...COMMON],
  examples: [
    ['shoal import show.car --data ./node', 'from: ipfs dag export <CID> > show.car'],
    ['shoal import film.car --name film.mp4 --data ./node --once', 'stores and exits; a later "shoal serve --data ./node" seeds it']
  ],
  notes: 'The file has one root, a UnixFS file or directory; every block is verified, and copied into the store. Files whose leaves are of 256 KiB\n' +
    'keep their CIDs. First line of --json: {"link","manifest","root","peerId","addrs","segments","bytes"}.',
  attach: 'when-running',

  prepare (args, values, cwd) {
    if (values.once === true && values.data === undefined) throw new UsageError('--once needs --data: without a folder nothing would be left')
    if ((values.origin?.length ?? 0) > 1) throw new UsageError('import takes one --origin: the base URL that goes into the link')
    return args.map(path => resolve(cwd, path))
  },

  async run (context) {
    const { args: [path = ''], values, emit, signal, progress } = context
    const node = await context.node()
    const { startIpfs, openCarFile } = await import('@shoal/ipfs/node')
    const car = await openCarFile(path)
    const ipfs = await startIpfs(node, { bitswap: false })
    try {
      const { content, link, manifest, root, segments, bytes } = await ipfs.importCar(car, {
        signal,
        origin: values.origin?.[0],
        name: values.name ?? basename(path, extname(path)),
        policy: policyOf(values),
        onprogress: (done, total) => { progress({ doing: `importing ${basename(path)}`, done, total, notes: [] }) }
      })
      progress(undefined)
      emit({ link, manifest, root, peerId: node.peerId, addrs: node.addrs, segments, bytes } satisfies ImportedLine)
      if (!context.attached && values.once !== true) await seedUntilStopped(context, content)
    } finally {
      await ipfs.stop()
      await car.close()
    }
  },

  render (line) {
    const { link, root, segments, bytes } = line as ImportedLine
    return `Published ${plural(segments, 'segment')}, ${formatBytes(bytes)}\n  root  ${root}\n\nFetch it with: shoal fetch '${printable(link)}' -o OUT`
  }
}
