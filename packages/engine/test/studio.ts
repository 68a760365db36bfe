import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { PrivateKey } from '@libp2p/interface'
import type { Sequence, WindowEntry } from '@shoal/content/live'
import { buildHead, segmentFiles, type BuiltHead } from '@shoal/content/publishing'
import type { BlockStore, Policy } from '@shoal/interface'
import { randomBytes } from './bytes.js'

/** Makes the heads of a live content, one segment and one playlist at a time. */
export class Studio {
  readonly publisher: string
  readonly name = 'show'
  readonly bytes = new Map<string, Uint8Array>()
  entries: WindowEntry[] = []
  sequence: Sequence = { epoch: 1, counter: -1 }
  index = 100
  policy: Policy = {}
  readonly #key: PrivateKey
  readonly #store: BlockStore | undefined
  readonly #length: number
  #before: BuiltHead | undefined

  constructor (key: PrivateKey, store: BlockStore | undefined, length: number) {
    this.#key = key
    this.publisher = peerIdFromPrivateKey(key).toString()
    this.#store = store
    this.#length = length
  }

  static async open (store?: BlockStore, length = 4): Promise<Studio> {
    return new Studio(await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7)), store, length)
  }

  /** Without its state, under a higher epoch. */
  restarted (store?: BlockStore): Studio {
    const again = new Studio(this.#key, store, this.#length)
    again.sequence = { epoch: this.sequence.epoch + 1, counter: -1 }
    again.index = this.index + 1_000
    return again
  }

  /** The next segment and a new playlist; of both the oldest go. */
  async next (size = 300_000): Promise<Uint8Array> {
    const number = this.sequence.counter + 1
    await this.add(`seg${this.sequence.epoch}-${number}.ts`, randomBytes(size, 1 + number), false)
    await this.add('live.m3u8', new TextEncoder().encode(`#EXTM3U ${this.sequence.epoch} ${number}`), true)
    this.entries = this.entries.slice(-2 * this.#length)
    return await this.head()
  }

  async add (path: string, bytes: Uint8Array, playlist: boolean): Promise<void> {
    const entry = { path, size: bytes.byteLength, async * stream () { yield bytes } }
    for await (const { leaves, offsets, cid, size } of segmentFiles([entry], { onblock: block => this.#store?.put(block) })) {
      const digest = size > 262_144 ? cid.multihash.digest : undefined
      this.entries.push({ index: this.index++, path, size, leaves, offsets, digest, playlist, duration: undefined, rendition: undefined })
      this.bytes.set(path, bytes)
    }
  }

  async head (ended = false): Promise<Uint8Array> {
    this.sequence = { ...this.sequence, counter: this.sequence.counter + 1 }
    const window = { origins: [], policy: this.policy, targetMs: 2_000, ended, entries: this.entries }
    const built = await buildHead({ name: this.name, sequence: this.sequence, window, key: this.#key, before: this.#before })
    this.#before = built
    await this.#store?.put(built.block)
    return built.head
  }
}
