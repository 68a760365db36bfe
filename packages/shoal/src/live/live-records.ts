import { fromHex, toHex } from '@shoal/base'
import type { PublisherLink } from '@shoal/content'
import type { Seen, Sequence } from '@shoal/content/live'
import { Key, type Datastore } from 'interface-datastore'

/** The last epoch of each live content that was published here, by name. */
const EPOCHS = new Key('/shoal/epochs')
/** The newest head that was seen of each live content, by publisher and name. */
const HEADS = new Key('/shoal/heads')

/** Whose live content it is, and what it is called. */
type LiveName = Pick<PublisherLink, 'publisher' | 'name'>

/** What of live contents must outlive a restart, in the node's datastore. */
export class LiveRecords {
  readonly #datastore: Datastore

  constructor (datastore: Datastore) {
    this.#datastore = datastore
  }

  /**
   * Begins an epoch of a live content that is published here: at this time, or after the last one when the clock was set back, and after
   * what was seen of it, which another node with the same key may have published.
   */
  async nextEpoch (link: LiveName, wall: number): Promise<number> {
    const key = EPOCHS.child(new Key(encodeURIComponent(link.name)))
    const last = Number(await this.#get(key) ?? 0)
    const { sequence, burnt = 0 } = await this.seen(link) ?? {}
    const epoch = Math.max(wall, 1 + Math.max(Number.isSafeInteger(last) ? last : 0, sequence?.epoch ?? 0, burnt))
    await this.#put(key, String(epoch))
    return epoch
  }

  /** The newest head of a live content that an earlier run saw. */
  async seen (link: LiveName): Promise<Seen | undefined> {
    const text = await this.#get(headKey(link))
    return text === undefined ? undefined : decodeSeen(text)
  }

  async putSeen (link: LiveName, { sequence, digest, burnt }: Seen): Promise<void> {
    await this.#put(headKey(link), JSON.stringify({ ...sequence, digest: toHex(digest), burnt }))
  }

  async #get (key: Key): Promise<string | undefined> {
    return await this.#datastore.has(key) ? new TextDecoder().decode(await this.#datastore.get(key)) : undefined
  }

  async #put (key: Key, text: string): Promise<void> {
    await this.#datastore.put(key, new TextEncoder().encode(text))
  }
}

function headKey ({ publisher, name }: LiveName): Key {
  return HEADS.child(new Key(`${publisher}/${encodeURIComponent(name)}`))
}

/** A record that cannot be read is as good as none. */
function decodeSeen (text: string): Seen | undefined {
  try {
    const { epoch, counter, digest, burnt } = JSON.parse(text) as Sequence & { digest: string, burnt?: number }
    const known = fromHex(digest)
    if (known === undefined || !Number.isSafeInteger(epoch + counter)) return undefined
    return { sequence: { epoch, counter }, digest: known, burnt }
  } catch {
    return undefined
  }
}
