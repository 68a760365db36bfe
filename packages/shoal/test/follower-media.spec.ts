import { generateKeyPair } from '@libp2p/crypto/keys'
import { ManualClock, seededRandom } from '@shoal/base'
import { decodeWindow, openHead, type WindowEntry } from '@shoal/content/live'
import type { BlockStore, VerifiedBlock } from '@shoal/interface'
import { memoryStore } from '@shoal/store'
import { expect } from 'chai'
import { Follower } from '../src/live/follower.js'

const EPOCH_MS = 1_700_000_000_000

function bytesOf (length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length }, () => random() * 256)
}

function concat (...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

/** Files in memory, followed from one playlist on. */
class Followed {
  readonly files = new Map<string, Uint8Array>()
  /** Of what is not among the files. */
  made: (uri: string) => Uint8Array | undefined = () => undefined
  readonly reads: string[] = []
  readonly errors: Error[] = []
  readonly clock = new ManualClock(EPOCH_MS)
  readonly store: BlockStore = memoryStore({ quota: 2 ** 26 })
  readonly #playlist: string
  #publisher = ''
  #head: Uint8Array | undefined
  #follower: Follower | undefined

  constructor (playlist: string) {
    this.#playlist = playlist
  }

  say (...lines: readonly string[]): void {
    this.files.set(this.#playlist, new TextEncoder().encode(lines.join('\n')))
  }

  async start (): Promise<void> {
    const key = await generateKeyPair('Ed25519')
    this.#publisher = key.publicKey.toString()
    this.#follower = new Follower({
      source: {
        playlists: async () => [this.#playlist],
        read: async uri => { this.reads.push(uri); return this.files.get(uri) ?? this.made(uri) }
      },
      name: 'live',
      origins: [],
      policy: {},
      epoch: EPOCH_MS,
      key,
      store: this.store,
      clock: this.clock,
      onhead: head => { this.#head = head },
      onerror: error => { this.errors.push(error) }
    })
    this.#follower.start()
    await this.look()
  }

  stop (): void {
    this.#follower?.stop()
  }

  /** Lets it look at everything once more, a second at a time, from the first read to the last word. */
  async look (): Promise<void> {
    const looks = (): number => this.reads.filter(uri => uri === this.#playlist).length
    for (const enough = looks() + 2; looks() < enough;) {
      this.clock.advance(1_000)
      await this.#settle()
    }
  }

  /** What it does takes real time, in which the virtual one stands still. */
  async #settle (): Promise<void> {
    for (let calm = 0, seen = -1; calm < 4; calm = this.reads.length === seen ? calm + 1 : 0) {
      seen = this.reads.length
      await new Promise(resolve => { setTimeout(resolve, 2) })
    }
  }

  async window (): Promise<readonly WindowEntry[]> {
    const { inline, window } = await openHead(this.#head as Uint8Array, this.#publisher, 'live')
    return decodeWindow(inline ?? (await this.store.get(window) as VerifiedBlock).bytes).entries
  }

  async entry (path: string): Promise<WindowEntry | undefined> {
    return (await this.window()).find(entry => entry.path === path)
  }
}

describe('a follower of media', function () {
  this.timeout(60_000)
  let followed: Followed
  afterEach(() => {
    followed.stop()
    expect(followed.errors).to.deep.equal([])
  })

  const LOW_LATENCY = ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2', '#EXT-X-PART-INF:PART-TARGET=1.0']

  it('cuts a segment where its parts end: they share their blocks, and nothing is kept twice', async () => {
    followed = new Followed('live.m3u8')
    const parts = [bytesOf(300_001, 1), bytesOf(70_000, 2)] as const
    parts.forEach((bytes, i) => followed.files.set(`1.${i}.m4s`, bytes))
    const listed = ['#EXT-X-PART:DURATION=1,URI="1.0.m4s"', '#EXT-X-PART:DURATION=1,URI="1.1.m4s"']
    followed.say(...LOW_LATENCY, ...listed, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2.0.m4s"', '')
    await followed.start()
    const before = followed.store.used
    followed.files.set('1.m4s', concat(...parts))
    followed.say(...LOW_LATENCY, ...listed, '#EXTINF:2,', '1.m4s', '')
    await followed.look()
    const [one, two, whole] = await Promise.all(['1.0.m4s', '1.1.m4s', '1.m4s'].map(async path => await followed.entry(path)))
    expect(whole?.leaves).to.deep.equal(concat(one?.leaves as Uint8Array, two?.leaves as Uint8Array))
    expect([...whole?.offsets ?? []]).to.deep.equal([0, 262_144, 300_001, 370_001])
    // a version of the playlist, and of the window
    expect(followed.store.used - before).to.be.below(10_000)
  })

  it('keeps no second copy of a segment that comes again under another name', async () => {
    followed = new Followed('live.m3u8')
    const bytes = bytesOf(600_000, 3)
    const list = (count: number): void => {
      followed.files.set(`${count}.ts`, bytes)
      followed.say('#EXTM3U', '#EXT-X-TARGETDURATION:4', ...Array.from({ length: count }, (_, i) => `#EXTINF:4,\n${i + 1}.ts`), '')
    }
    list(1)
    await followed.start()
    const before = followed.store.used
    list(2)
    await followed.look()
    expect((await followed.entry('2.ts'))?.leaves).to.deep.equal((await followed.entry('1.ts'))?.leaves)
    expect(followed.store.used - before).to.be.below(10_000)
  })

  it('keeps what is left of a segment when what shares its blocks has gone', async () => {
    followed = new Followed('live.m3u8')
    const bytes = bytesOf(100_000, 4)
    for (const path of ['1.ts', '2.ts']) followed.files.set(path, bytes)
    const say = (...paths: readonly string[]): void => {
      followed.say('#EXTM3U', '#EXT-X-TARGETDURATION:1', ...paths.map(path => `#EXTINF:1,\n${path}`), '')
    }
    say('1.ts', '2.ts')
    await followed.start()
    say('2.ts')
    for (let i = 0; i < 10; i++) await followed.look()
    expect(await followed.entry('1.ts')).to.equal(undefined)
    await followed.store.collect({ keep: 0 })
    expect(followed.store.has((await followed.entry('2.ts'))?.leaves as Uint8Array)).to.equal(true)
  })

  const mpd = (template: string, more = 'type="dynamic"'): string => `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" ${more}
    availabilityStartTime="${new Date(EPOCH_MS).toISOString()}" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT6S" minBufferTime="PT2S"><Period start="PT0S">
    <AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="v" bandwidth="1000" width="2" height="2" codecs="avc1.64001e">
    ${template}</Representation></AdaptationSet></Period></MPD>`

  it('follows an MPD that counts segments off by the clock', async () => {
    followed = new Followed('live.mpd')
    followed.say(mpd('<SegmentTemplate timescale="1" duration="2" startNumber="1" initialization="init.mp4" media="$Number$.m4s"/>'))
    followed.files.set('init.mp4', bytesOf(10, 0))
    const elapsed = (): number => (followed.clock.wall() - EPOCH_MS) / 2_000
    // a segment behind the clock, and one that never comes
    followed.made = uri => {
      const n = Number.parseInt(uri, 10)
      return n <= elapsed() - 1 && n !== 4 ? bytesOf(1_000, n) : undefined
    }
    await followed.start()
    for (let i = 0; i < 15; i++) await followed.look()
    const paths = (await followed.window()).map(({ path }) => path)
    const newest = Math.max(...paths.map(path => Number.parseInt(path, 10)).filter(Number.isFinite))
    expect(newest).to.be.within(elapsed() - 4, elapsed())
    expect(paths).to.include.members(['init.mp4', 'live.mpd', `${newest - 1}.m4s`]).and.not.include('1.m4s')
    expect(await followed.entry(`${newest}.m4s`)).to.include({ duration: 2_000, rendition: 'live.mpd#v', playlist: false })
    expect(followed.reads.filter(uri => uri === '4.m4s').length, 'it is not asked for again and again').to.be.below(8)
  })

  it('follows an MPD that lists segments, and hears of its end', async () => {
    followed = new Followed('live.mpd')
    const list = (count: number, more?: string): void => {
      const timeline = `<SegmentTimeline><S t="0" d="2" r="${count - 1}"/></SegmentTimeline>`
      followed.say(mpd(`<SegmentTemplate timescale="1" media="v/$Time$.m4s" initialization="v/init.mp4">${timeline}</SegmentTemplate>`, more))
    }
    followed.files.set('v/init.mp4', bytesOf(10, 0))
    for (let i = 0; i < 3; i++) followed.files.set(`v/${2 * i}.m4s`, bytesOf(1_000, i))
    list(3)
    await followed.start()
    expect((await followed.window()).map(({ path }) => path)).to.deep.equal(['v/init.mp4', 'v/0.m4s', 'v/2.m4s', 'v/4.m4s', 'live.mpd'])
    list(4)
    await followed.look()
    expect((await followed.window()).map(({ path }) => path), 'what it lists last is not there yet').to.not.include('v/6.m4s')
    expect((await followed.window()).filter(({ playlist }) => playlist)).to.have.length(1)
    followed.files.set('v/6.m4s', bytesOf(1_000, 9))
    list(4, 'type="static" mediaPresentationDuration="PT8S"')
    const reads = followed.reads.length
    followed.clock.advance(2_000)
    while (followed.reads.length === reads || await followed.entry('v/6.m4s') === undefined) await new Promise(resolve => { setTimeout(resolve, 5) })
    expect(await followed.entry('v/6.m4s')).to.include({ rendition: 'live.mpd#v' })
  })
})
