import { generateKeyPair } from '@libp2p/crypto/keys'
import { ManualClock } from '@shoal/base'
import { decodeWindow, openHead, type WindowEntry } from '@shoal/content/live'
import { StoreFullError, type BlockStore, type VerifiedBlock } from '@shoal/interface'
import { memoryStore } from '@shoal/store'
import { expect } from 'chai'
import { Follower } from '../src/live/follower.js'

const NAME = 'live'
const PLAYLIST = 'live.m3u8'

class CountingClock extends ManualClock {
  /** Timers that were set. */
  set = 0

  override after (ms: number, fn: () => void): () => void {
    this.set++
    return super.after(ms, fn)
  }
}

/** A presentation in memory, followed: what was read of it, and what is told. */
class Followed {
  readonly reads: string[] = []
  readonly heads: Uint8Array[] = []
  readonly errors: Error[] = []
  /** Names of the segments that the playlist lists. */
  segments: string[] = []
  readonly #clock = new CountingClock()
  readonly #store: BlockStore
  #follower: Follower | undefined
  #publisher = ''

  constructor (store: BlockStore) {
    this.#store = store
  }

  async start (): Promise<void> {
    const key = await generateKeyPair('Ed25519')
    this.#publisher = key.publicKey.toString()
    const follower = this.#follower = new Follower({
      source: { playlists: async () => [PLAYLIST], read: async uri => this.#read(uri) },
      name: NAME,
      origins: [],
      policy: {},
      epoch: 1_700_000_000_000,
      key,
      store: this.#store,
      clock: this.#clock,
      onhead: head => { this.heads.push(head) },
      onerror: error => { this.errors.push(error) }
    })
    follower.start()
  }

  stop (): void {
    this.#follower?.stop()
  }

  /** Lets it look at everything twice, as it does in a target duration: time stands still while it looks. */
  async look (): Promise<void> {
    await this.#over(1)
    for (const { set } = this.#clock; this.#clock.set < set + 2;) {
      const [reads, before] = [this.reads.length, this.#clock.set]
      this.#clock.advance(1_000)
      await new Promise(resolve => { setTimeout(resolve, 1) })
      if (this.reads.length > reads) await this.#over(before + 1)
    }
  }

  /** So many looks are: each sets the time of the next when it ends. */
  async #over (looks: number): Promise<void> {
    while (this.#clock.set < looks) await new Promise(resolve => { setTimeout(resolve, 1) })
  }

  async window (): Promise<readonly WindowEntry[]> {
    const { inline, window } = await openHead(this.heads.at(-1) as Uint8Array, this.#publisher, NAME)
    return decodeWindow(inline ?? (await this.#store.get(window) as VerifiedBlock).bytes).entries
  }

  #read (uri: string): Uint8Array {
    this.reads.push(uri)
    const lines = ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:4', '#EXT-X-MAP:URI="init.mp4"']
    const text = uri === PLAYLIST ? [...lines, ...this.segments.map(segment => `#EXTINF:4,\n${segment}`), ''].join('\n') : `the bytes of ${uri}`
    return new TextEncoder().encode(text)
  }
}

describe('a follower', function () {
  this.timeout(60_000)
  let followed: Followed | undefined
  afterEach(() => { followed?.stop() })

  it('leaves out the oldest segments of a window that is too long, for good, and keeps what they all begin with', async () => {
    followed = new Followed(memoryStore({ quota: 2 ** 30 }))
    followed.segments = Array.from({ length: 4_000 }, (_, i) => `${i}.m4s`)
    await followed.start()
    await followed.look()
    const paths = (await followed.window()).map(({ path }) => path)
    expect(paths).to.include.members(['init.mp4', PLAYLIST, '3999.m4s']).and.not.include('0.m4s')
    const [heads, segments] = [followed.heads.length, followed.reads.filter(uri => uri.endsWith('.m4s')).length]
    await followed.look()
    await followed.look()
    expect(followed.heads).to.have.length(heads)
    expect(followed.reads.filter(uri => uri.endsWith('.m4s'))).to.have.length(segments)
    expect(followed.errors).to.deep.equal([])
  })

  it('says what is due once it can, and holds on to nothing that has left', async () => {
    const store = memoryStore({ quota: 2 ** 20 })
    const pins = new Map<string, number>()
    const count = (digest: Uint8Array, change: number): void => { pins.set(String(digest), (pins.get(String(digest)) ?? 0) + change) }
    let full = false
    followed = new Followed(Object.assign(Object.create(store) as BlockStore, {
      pin: (digest: Uint8Array) => { count(digest, 1) },
      unpin: (digest: Uint8Array) => { count(digest, -1) },
      get: async (ref: Parameters<BlockStore['get']>[0]) => await store.get(ref),
      put: async (block: VerifiedBlock) => {
        // a window, which says where segments are
        if (full && new TextDecoder().decode(block.bytes).includes('segments')) throw new StoreFullError('no room')
        await store.put(block)
      }
    }))
    followed.segments = ['0.m4s', '1.m4s']
    await followed.start()
    await followed.look()
    full = true
    followed.segments = ['2.m4s']
    // until what is not listed has been kept long enough
    for (let i = 0; i < 10; i++) await followed.look()
    expect(followed.errors.map(({ message }) => message)).to.include('no room')
    full = false
    await followed.look()
    const window = await followed.window()
    expect(window.map(({ path }) => path)).to.have.members(['init.mp4', PLAYLIST, '2.m4s'])
    expect([...pins.values()].filter(held => held > 0)).to.have.length(window.length)
  })

  it('says what has left with what comes next, and without that a little later', async () => {
    followed = new Followed(memoryStore({ quota: 2 ** 20 }))
    followed.segments = ['0.m4s']
    await followed.start()
    await followed.look()
    for (let i = 1; i < 9; i++) {
      const heads = followed.heads.length
      followed.segments = [`${i}.m4s`]
      // a target duration: the version of the playlist before leaves in the middle of it
      await followed.look()
      expect(followed.heads.length - heads, `of segment ${i}`).to.equal(1)
    }
    const versions = async (): Promise<number> => (await followed?.window() ?? []).filter(({ playlist }) => playlist).length
    expect(await versions()).to.equal(2)
    for (let i = 0; i < 3; i++) await followed.look()
    expect(await versions()).to.equal(1)
  })
})
