import type { ManifestSummary, Size } from '@shoal/interface'
import { defaultDataFolder } from '../defaults.js'
import { formatBytes, plural, printable } from '../format.js'
import { COMMON } from '../options/table.js'
import type { Command } from '../types.js'

interface PinLine extends Pick<ManifestSummary, 'name' | 'bytes' | 'segments'> {
  /** CID of the manifest. */
  readonly manifest: string
  readonly pinned: boolean
}

function lineOf ({ cid, name, bytes, segments }: ManifestSummary, pinned: boolean): PinLine {
  return { pinned, manifest: cid, name, bytes, segments }
}

export const pin: Command = {
  name: 'pin',
  summary: 'fetch a content into the store and keep it there',
  args: ['LINK'],
  options: ['origin', ...COMMON],
  defaults: env => ({ data: defaultDataFolder(env) }),
  examples: [
    ['shoal pin shoal:bafy…', 'into the store of the node that "shoal serve" runs with its default folder'],
    ['shoal pin shoal:bafy… --data ./node', 'without a running node: a later "shoal serve --data ./node" seeds it']
  ],
  notes: 'What is pinned is never evicted and is seeded at every start. Interrupted, run it again: it goes on where it was.\n' +
    'The line of --json: {"pinned":true,"manifest","name","bytes","segments"}.',
  attach: 'when-running',

  async run (context) {
    const { args: [link = ''], values, signal, emit, progress } = context
    const node = await context.node()
    signal.throwIfAborted()
    const summary = await node.pin(link, {
      signal,
      origins: values.origin,
      onprogress: (done, total) => { progress({ doing: 'pinning', done, total, notes: [] }) }
    })
    progress(undefined)
    emit(lineOf(summary, true))
  },

  render (line) {
    const { name, bytes, segments } = line as PinLine
    return `Pinned ${printable(name)}: ${plural(segments, 'segment')}, ${formatBytes(bytes)}`
  }
}

export const unpin: Command = {
  name: 'unpin',
  summary: 'let go of a pinned content: it makes room when others need it',
  args: ['LINK'],
  options: COMMON,
  // offline it has nobody to talk to
  defaults: env => ({ data: defaultDataFolder(env), listen: [], bootstrap: [] }),
  examples: [['shoal unpin shoal:bafy…', 'in the store of the node that "shoal serve" runs with its default folder']],
  notes: 'The line of --json: {"pinned":false,"manifest","name","bytes","segments"}.',
  attach: 'when-running',

  async run (context) {
    const { args: [link = ''], emit } = context
    emit(lineOf(await (await context.node()).unpin(link), false))
  },

  render (line) {
    const { name } = line as PinLine
    return `Unpinned ${printable(name)}`
  }
}

interface CollectedLine {
  readonly blocks: number
  readonly bytes: number
  readonly store: { readonly used: number, readonly quota: Size | null }
}

export const gc: Command = {
  name: 'gc',
  summary: 'remove from the store what has expired, or all but the most useful',
  args: [],
  options: ['keep', ...COMMON],
  defaults: env => ({ data: defaultDataFolder(env), listen: [], bootstrap: [] }),
  examples: [
    ['shoal gc', 'removes what has expired, which happens by itself within a minute in a running node'],
    ['shoal gc --keep 500MB', 'removes the least useful, too, until 500 MB are left'],
    ['shoal gc --keep 0 --data ./node', 'removes all that is not pinned']
  ],
  notes: 'The line of --json: {"blocks","bytes","store":{"used","quota"}}; a quota of null is unlimited.',
  attach: 'when-running',

  async run (context) {
    const { values: { keep }, emit } = context
    const node = await context.node()
    const collected = await node.collect({ keep })
    emit({ ...collected, store: node.status.store })
  },

  render (line) {
    const { blocks, bytes, store: { used, quota } } = line as CollectedLine
    return `Removed ${plural(blocks, 'block')}, ${formatBytes(bytes)}; the store takes ${formatBytes(used)} of ${formatBytes(Number(quota ?? Infinity))}`
  }
}
