import type { PurgeResult } from '@shoal/interface'
import { defaultDataFolder } from '../defaults.js'
import { UsageError } from '../errors.js'
import { plural, printable } from '../format.js'
import type { Values } from '../options/table.js'
import type { Command } from '../types.js'

/** @throws UsageError neither a link nor a tag, or both */
function check (args: readonly string[], { tag, path, cid }: Values): readonly string[] {
  if ((args.length === 0) === (tag === undefined)) throw new UsageError("purge needs a LINK or --tag, and not both. See 'shoal purge --help'")
  if ((tag?.length ?? 0) > 1) throw new UsageError('purge takes one --tag at a time')
  if (tag !== undefined && (path ?? cid) !== undefined) throw new UsageError('--tag purges whole contents: give --path and --cid with a LINK')
  return args
}

export const purge: Command = {
  name: 'purge',
  summary: 'take back what the running node published, everywhere',
  args: ['[LINK]'],
  options: ['path', 'cid', 'tag', 'reason', 'data', 'config', 'json', 'help'],
  defaults: env => ({ data: defaultDataFolder(env) }),
  examples: [
    ['shoal purge shoal:bafy…', 'all of it: it is closed and forgotten, here and wherever it was fetched'],
    ['shoal purge shoal:bafy… --path intro.m4s --path 720p/', 'a segment and a folder'],
    ['shoal purge shoal:bafy… --cid bafkrei… --reason "wrong key"', 'the segment with these bytes, whatever its path'],
    ['shoal purge --tag season-1', 'all of every content that was published here with this tag']
  ],
  notes: 'Only the publisher can do it, and nobody can take it back. Nodes that are not there now learn it when they join the swarm.\n' +
    'A line of --json for each content: {"link","manifest","name","all","paths","cids"}, with all that is purged of it by now.',
  attach: 'only',
  prepare: check,

  async run (context) {
    const { args, values, emit } = context
    const [link] = check(args, values)
    const { path: paths, cid: cids, tag: [tag] = [], reason } = values
    const node = await context.node()
    for (const result of await node.purge(link ?? { tag: tag ?? '' }, { paths, cids, reason })) emit(result)
  },

  render (line) {
    const { name, all, paths, cids } = line as PurgeResult
    return all ? `Purged ${printable(name)}` : `Purged of ${printable(name)}: ${plural(paths.length, 'path')}, ${plural(cids.length, 'CID')}`
  }
}
