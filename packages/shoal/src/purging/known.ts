import { openPurge, swarmIdOf, type Purge } from '@shoal/content'
import type { SwarmId } from '@shoal/interface'
import type { ContentRecord, Library } from '../library.js'

/** What is known to be purged in this swarm. One that cannot be read is as good as none: neighbours give it again. */
export async function knownPurge (library: Library, swarm: SwarmId): Promise<Purge | undefined> {
  const bytes = await library.purge(swarm)
  return bytes === undefined ? undefined : await openPurge(bytes).catch(() => undefined)
}

/** The same of a content by its record. */
export async function purgeOf (record: ContentRecord, library: Library): Promise<Purge | undefined> {
  return await knownPurge(library, record.swarm ?? await swarmIdOf(record.manifest))
}
