import { ManualClock, toHex } from '@shoal/base'
import { sha256 } from '@shoal/content'
import { NotFoundError, RetiredError, UnavailableError, type BlockRef, type Manifest, type Segment } from '@shoal/interface'
import { expect } from 'chai'
import { Recorder, type RecordingFolder } from '../src/live/recorder.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A live content whose window is set, as its recorder sees it. */
class Stage {
  readonly clock = new ManualClock()
  readonly files = new Map<string, string>()
  readonly reads: string[] = []
  /** Thrown for a path, as often as it is listed. */
  readonly failures: [path: string, error: Error][] = []
  /** Beside the media playlist. */
  readonly lists: [path: string, text: string][] = []
  readonly #segments: { segment: Segment, digest: Uint8Array, text: string }[] = []
  #index = 0
  #ended = false
  #moved = Promise.withResolvers<void>()

  /** The playlist lists these, `name=what it says`. */
  async show (listed: readonly string[], ended = false): Promise<void> {
    this.#segments.length = 0
    const named = listed.map(entry => entry.split('=') as [string, string])
    for (const [path, text] of named) await this.#add(path, text, false)
    const lines = named.flatMap(([path]) => ['#EXTINF:1,', path])
    for (const [path, text] of this.lists) await this.#add(path, text, true)
    if (listed.length > 0) await this.#add('live.m3u8', ['#EXTM3U', '#EXT-X-TARGETDURATION:1', ...lines, ''].join('\n'), true)
    this.#ended = ended
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }

  record (signal = new AbortController().signal): Promise<void> {
    const folder: RecordingFolder = {
      holds: async (path, blocks) => {
        const text = this.files.get(path)
        return text === undefined ? undefined : toHex(await sha256(bytes(text))) === toHex(blocks[0]?.digest as Uint8Array)
      },
      read: async path => this.files.get(path),
      write: async (path, text) => { this.files.set(path, text) },
      save: async (path, chunks) => {
        let text = ''
        for await (const chunk of chunks) text += new TextDecoder().decode(chunk)
        this.files.set(path, text)
      }
    }
    const manifest = {
      summary: this.#summary,
      policy: {},
      segments: () => this.#all(),
      find: async (path: string) => {
        const found = this.#segments.findLast(({ segment }) => segment.path === path)
        if (found === undefined) throw new NotFoundError(path)
        return found.segment
      },
      block: (index: number): BlockRef => {
        const found = this.#segments.find(({ segment }) => segment.index === index)
        if (found === undefined) throw new NotFoundError(String(index))
        return { digest: found.digest, size: found.segment.size }
      }
    } as unknown as Manifest
    const read = (segment: Segment): AsyncIterable<Uint8Array> => this.#read(segment)
    return new Recorder({ link: 'shoal:x/y', manifest, origins: [], folder, clock: this.clock, read, moved: () => this.#moved.promise }, { signal }).run()
  }

  get listed (): string[] {
    return (this.files.get('live.m3u8') ?? '').split('\n').filter(line => line.endsWith('.ts') || line === '#EXT-X-DISCONTINUITY')
  }

  get #summary (): object {
    const ended = (): boolean => this.#ended
    return { live: { get ended () { return ended() }, target: 1 } }
  }

  async * #all (): AsyncGenerator<Segment> {
    for (const { segment } of [...this.#segments]) yield segment
  }

  async * #read ({ path, index }: Segment): AsyncGenerator<Uint8Array> {
    this.reads.push(path)
    const at = this.failures.findIndex(([failing]) => failing === path)
    if (at !== -1) throw (this.failures.splice(at, 1)[0] as [string, Error])[1]
    yield bytes(this.#segments.find(({ segment }) => segment.index === index)?.text ?? '')
  }

  async #add (path: string, text: string, playlist: boolean): Promise<void> {
    const digest = await sha256(bytes(text))
    const segment = { index: this.#index++, path, size: bytes(text).byteLength, blocks: 1, cid: toHex(digest), playlist }
    this.#segments.push({ segment, digest, text })
  }
}

async function until (condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 2_000) throw new Error('never happened')
    await new Promise(resolve => { setTimeout(resolve, 1) })
  }
}

describe('a recorder', () => {
  it('writes over nothing that an earlier segment left under the same name, in this run or another', async () => {
    const stage = new Stage()
    await stage.show(['0.ts=a', '1.ts=b'])
    const recording = stage.record()
    await until(() => stage.listed.length === 2)
    // its publisher starts again, and counts from nought
    await stage.show(['0.ts=c', '1.ts=b', '2.ts=d'], true)
    await recording
    expect(stage.listed, 'what it had before what it has').to.deep.equal(['0.ts', '1.ts', '2.ts'])
    await stage.show(['0.ts=e', '2.ts=f'], true)
    await stage.record()
    const [, , , gap, first, second] = stage.listed
    expect(gap).to.equal('#EXT-X-DISCONTINUITY')
    expect(first).to.match(/^0~[0-9a-f]{8}\.ts$/)
    expect([first, second].map(name => stage.files.get(name as string))).to.deep.equal(['e', 'f'])
    expect(['0.ts', '1.ts', '2.ts'].map(name => stage.files.get(name))).to.deep.equal(['a', 'b', 'd'])
    const before = stage.reads.length
    await stage.record()
    expect(stage.reads.slice(before), 'all is there').to.deep.equal(['live.m3u8'])
  })

  it('saves a master playlist as it is, and no MPD, which would list what has gone', async () => {
    const stage = new Stage()
    const master = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n'
    stage.lists.push(['manifest.mpd', '<MPD type="dynamic"></MPD>'], ['main.m3u8', master])
    await stage.show(['0.ts=a'], true)
    await stage.record()
    expect([...stage.files.keys()].toSorted()).to.deep.equal(['0.ts', 'live.m3u8', 'main.m3u8'])
    expect(stage.files.get('main.m3u8')).to.equal(master)
    stage.lists.pop()
    await stage.show([], true)
    expect(await stage.record().catch((error: Error) => error.name), 'an MPD that lists nothing').to.equal('UnavailableError')
  })

  it('says where something is missing, and goes on', async () => {
    const stage = new Stage()
    stage.failures.push(['1.ts', new RetiredError('gone')])
    await stage.show(['0.ts=a', '1.ts=b', '2.ts=c'], true)
    await stage.record()
    expect(stage.listed).to.deep.equal(['0.ts', '#EXT-X-DISCONTINUITY', '2.ts'])
    expect(stage.files.get('live.m3u8')).to.include('#EXT-X-ENDLIST')
  })

  it('asks again for what nobody gives, until somebody does', async () => {
    const stage = new Stage()
    for (let i = 0; i < 3; i++) stage.failures.push(['1.ts', new UnavailableError('nobody')])
    stage.failures.push(['live.m3u8', new UnavailableError('nobody')])
    await stage.show(['0.ts=a', '1.ts=b'], true)
    let done = false
    const recording = stage.record().finally(() => { done = true })
    await until(() => {
      stage.clock.advance(1_000)
      return done
    })
    await recording
    expect(stage.listed).to.deep.equal(['0.ts', '1.ts'])
    expect(stage.failures).to.deep.equal([])
  })

  it('ends with the signal, or with what it cannot write, and leaves a playlist that plays', async () => {
    const stage = new Stage()
    await stage.show(['0.ts=a'])
    const abort = new AbortController()
    const recording = stage.record(abort.signal).catch((error: Error) => error.message)
    await until(() => stage.listed.length === 1)
    abort.abort(new Error('enough'))
    expect(await recording).to.equal('enough')
    expect(stage.files.get('live.m3u8')).to.include('0.ts').and.not.include('#EXT-X-ENDLIST')
    stage.failures.push(['1.ts', new Error('the disk is full')])
    await stage.show(['0.ts=a', '1.ts=b'])
    expect(await stage.record().catch((error: Error) => error.message)).to.equal('the disk is full')
    expect(stage.listed).to.deep.equal(['0.ts'])
  })
})
