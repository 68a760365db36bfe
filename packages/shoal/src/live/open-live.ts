import type { PublisherLink } from '@shoal/content'
import { liveSwarmIdOf, type Seen } from '@shoal/content/live'
import { live } from '@shoal/engine/live'
import type { Emit, SwarmOpening } from '@shoal/engine'
import type { Library } from '../library.js'
import { LiveRecords } from './live-records.js'

/**
 * What the engine needs to open a live content. The newest head that it takes is written down, so that after a restart nobody can show this
 * node an older one.
 *
 * @param closed when it is open no longer
 */
export async function openLive (
  link: PublisherLink, { datastore }: Library, emit: Emit, closed: AbortSignal
): Promise<Pick<SwarmOpening, 'swarm' | 'of'>> {
  const records = new LiveRecords(datastore)
  const seen = await records.seen(link)
  const onseen = newestOnly(async (seen: Seen) => { await records.putSeen(link, seen) }, error => {
    if (!closed.aborted) emit('error', { error, doing: `writing down the newest head of ${link.name}` })
  })
  return { swarm: await liveSwarmIdOf(link.publisher, link.name), of: { live: live({ ...link, seen, onseen }) } }
}

/** One write at a time; of what comes meanwhile only the last is written. */
function newestOnly<T> (write: (value: T) => Promise<void>, onerror: (error: Error) => void): (value: T) => void {
  let waiting: T | undefined
  let writing = false
  const run = async (): Promise<void> => {
    writing = true
    for (let value = waiting; value !== undefined; value = waiting) {
      waiting = undefined
      await write(value).catch((error: unknown) => { onerror(error as Error) })
    }
    writing = false
  }
  return value => {
    waiting = value
    if (!writing) void run()
  }
}
