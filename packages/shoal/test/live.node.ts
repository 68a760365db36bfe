import { readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Content, Shoal } from '@shoal/interface'
import { bytesOf, read as readAll, surroundings, until } from './nodes.js'

/** Writes a live presentation into a folder, as a packager does: a segment, then the playlist that lists it. */
class Writer {
  readonly folder: string
  readonly segments = new Map<string, Uint8Array>()
  #first = 0
  #next = 0

  constructor (folder: string) {
    this.folder = folder
  }

  async master (): Promise<void> {
    await writeFile(join(this.folder, 'main.m3u8'), '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nvideo.m3u8\n')
  }

  async next (ended = false): Promise<string> {
    const path = `seg${this.#next}.ts`
    const bytes = bytesOf(300_000, ++this.#next)
    this.segments.set(path, bytes)
    await writeFile(join(this.folder, path), bytes)
    if (this.#next - this.#first > 4) this.#first++
    const list = Array.from({ length: this.#next - this.#first }, (_, i) => `#EXTINF:0.4,\nseg${this.#first + i}.ts`)
    const text = [
      '#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:1', `#EXT-X-MEDIA-SEQUENCE:${this.#first}`, ...list, ...ended ? ['#EXT-X-ENDLIST'] : [], ''
    ]
    await writeFile(join(this.folder, 'video.tmp'), text.join('\n'))
    await rename(join(this.folder, 'video.tmp'), join(this.folder, 'video.m3u8'))
    return path
  }
}

const read = async (content: Content, path: string): Promise<Buffer> => await readAll(content, path, { deadline: 5_000 })
const has = async (content: Content, path: string): Promise<boolean> => await content.stat(path).then(() => true, () => false)

describe('a live content between real nodes', function () {
  this.timeout(60_000)
  const { node, folder, serve: listen } = surroundings()
  /** A plain server of a folder; what it was asked for goes into `asked`. */
  const serve = async (path: string, asked: string[] = []): Promise<string> => await serveWith(async url => {
    asked.push(url.pathname + url.search)
    return await readFile(join(path, url.pathname.slice(1))).catch(() => undefined)
  })
  const serveWith = async (answer: (url: URL) => Uint8Array | undefined | Promise<Uint8Array | undefined>): Promise<string> => {
    return await listen((request, response) => {
      void Promise.resolve(answer(new URL(request.url ?? '/', `http://${request.headers.host}`))).then(bytes => {
        if (bytes === undefined) response.writeHead(404)
        response.end(bytes)
      })
    })
  }

  it('is followed in a folder, read by one who comes late, and ends', async () => {
    const writer = new Writer(await folder())
    await writer.master()
    const publisher = await node()
    const publishing = publisher.publish(writer.folder, { live: true, name: 'my show' })
    await writer.next()
    const { link, content } = await publishing
    expect(link).to.match(new RegExp(`^shoal:${publisher.peerId}/my%20show\\?addr=`))
    for (let i = 0; i < 4; i++) {
      const path = await writer.next()
      await until(async () => await has(content, path), `${path} is published`)
    }

    const viewer = await node()
    const seen = await viewer.open(link)
    expect(seen.summary.live?.ended).to.equal(false)
    for await (const { path, playlist } of seen.segments()) {
      if (playlist !== true) expect(await read(seen, path), path).to.deep.equal(Buffer.from(writer.segments.get(path) as Uint8Array))
    }
    expect((await read(seen, 'main.m3u8')).toString()).to.include('video.m3u8')
    let updates = 0
    seen.addEventListener('manifest:update', () => { updates++ })
    for (let i = 0; i < 3; i++) {
      const path = await writer.next()
      await until(async () => await has(seen, path), `${path} reaches the viewer`)
      expect((await read(seen, 'video.m3u8')).toString()).to.include(path)
      expect(await read(seen, path)).to.deep.equal(Buffer.from(writer.segments.get(path) as Uint8Array))
    }
    expect(updates).to.be.above(0)
    await until(async () => !await has(seen, 'seg0.ts'), 'what is no longer listed leaves')
    await writer.next(true)
    await until(() => seen.summary.live?.ended === true, 'the end of the stream')
    expect((await read(seen, 'video.m3u8')).toString()).to.include('#EXT-X-ENDLIST')
    expect(await seen.fetchAll().catch((error: Error) => error.name)).to.equal('ConfigError')
  })

  it('goes on when its publisher lost its state and starts again with its key alone', async () => {
    const writer = new Writer(await folder())
    const data = await folder()
    const publisher = await node({ data })
    await writer.next()
    const { link } = await publisher.publish(writer.folder, { live: true, name: 'show' })
    const viewer = await node()
    const seen = await viewer.open(link)
    await read(seen, 'seg0.ts')
    const epoch = seen.summary.live?.epoch ?? 0
    await publisher.stop()
    // its identity is what a publisher must not lose: everything else is
    await rm(join(data, 'store'), { recursive: true })

    const again = await node({ data, bootstrap: viewer.addrs })
    await again.publish(writer.folder, { live: true, name: 'show' })
    const path = await writer.next()
    await until(async () => await has(seen, path), 'the viewer hears of the new epoch')
    expect(seen.summary.live?.epoch).to.be.above(epoch)
    expect(await read(seen, path)).to.deep.equal(Buffer.from(writer.segments.get(path) as Uint8Array))
    expect(await read(seen, 'seg0.ts')).to.have.length(300_000)
  })

  it('is recorded as it goes on, interrupted and gone on with, into a folder that plays', async () => {
    const writer = new Writer(await folder())
    await writer.master()
    const publisher = await node()
    await writer.next()
    const { link } = await publisher.publish(writer.folder, { live: true, name: 'show' })
    const out = await folder()
    const recorded = async (): Promise<string> => await readFile(join(out, 'video.m3u8'), 'utf8').catch(() => '')
    const save = async (signal?: AbortSignal): Promise<string> => {
      const viewer = await node()
      const content = await viewer.open(link)
      try {
        await content.save(out, { signal })
        return 'done'
      } catch (error) {
        return (error as Error).message
      } finally {
        await viewer.stop()
      }
    }
    const interrupted = new AbortController()
    const first = save(interrupted.signal)
    for (let i = 1; i < 4; i++) {
      await writer.next()
      await until(async () => (await recorded()).includes(`seg${i}.ts`), `segment ${i} is recorded`)
    }
    expect(await recorded()).to.not.include('#EXT-X-ENDLIST')
    interrupted.abort(new Error('interrupted'))
    expect(await first).to.equal('interrupted')
    await writer.next()
    const second = save()
    for (let i = 5; i < 8; i++) {
      await writer.next()
      await until(async () => (await recorded()).includes(`seg${i}.ts`), `segment ${i} is recorded`)
    }
    await writer.next(true)
    expect(await second).to.equal('done')

    const lines = (await recorded()).split('\n')
    expect(lines.filter(line => line.endsWith('.ts'))).to.deep.equal([...writer.segments.keys()])
    expect(lines).to.include('#EXT-X-ENDLIST').and.not.include('#EXT-X-DISCONTINUITY')
    for (const [path, bytes] of writer.segments) expect((await readFile(join(out, path))).equals(bytes), path).to.equal(true)
    expect(await readFile(join(out, 'main.m3u8'), 'utf8')).to.include('video.m3u8')
    expect((await readdir(out)).filter(name => name.includes('part'))).to.deep.equal([])
  })

  it('may be DASH: its MPD and segments come from peers as they are written, until it ends; recorded it is HLS', async () => {
    const path = await folder()
    const segments: Uint8Array[] = []
    const write = async (ended = false): Promise<void> => {
      segments.push(bytesOf(300_000, 100 + segments.length))
      await writeFile(join(path, `v${segments.length - 1}.m4s`), segments.at(-1) as Uint8Array)
      const first = Math.max(0, segments.length - 4)
      const live = 'type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT4S"'
      await writeFile(join(path, 'next'), `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"
        ${ended ? `type="static" mediaPresentationDuration="PT${segments.length}S"` : live} minBufferTime="PT1S"><Period start="PT0S">
        <AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="v" bandwidth="1000" width="2" height="2" codecs="avc1.64001e">
        <SegmentTemplate timescale="1" startNumber="${first}" initialization="init.mp4" media="v$Number$.m4s"><SegmentTimeline>
        <S t="${first}" d="1" r="${segments.length - first - 1}"/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>`)
      await rename(join(path, 'next'), join(path, 'live.mpd'))
    }
    await writeFile(join(path, 'init.mp4'), 'init')
    await write()
    const publisher = await node()
    const { link } = await publisher.publish(path, { live: true, name: 'dash', origin: 'http://nowhere.invalid/' })
    const viewer = await node()
    const content = await viewer.open(link, { mode: 'p2p' })
    const out = await folder()
    const saving = content.save(out)
    const recorded = async (): Promise<string> => await readFile(join(out, 'live-v.m3u8'), 'utf8').catch(() => '')
    for (let i = 0; i < 3; i++) {
      await write()
      const number = segments.length - 1
      await until(async () => await has(content, `v${number}.m4s`), 'the viewer hears of it')
      const manifest = await (await viewer.fetch('http://nowhere.invalid/live.mpd')).text()
      expect(manifest).to.include(`r="${number - Math.max(0, number - 3)}"`)
      const segment = await viewer.fetch(`http://nowhere.invalid/v${number}.m4s`)
      expect(Buffer.from(await segment.arrayBuffer()).equals(segments[number] as Uint8Array)).to.equal(true)
    }
    expect(Buffer.from(await read(content, 'init.mp4')).toString()).to.equal('init')
    expect(await content.stat('v1.m4s')).to.include({ duration: 1, rendition: 'live.mpd#v' })
    await until(async () => (await recorded()).includes('v3.m4s'), 'the recording goes on')
    await write(true)
    await until(() => content.summary.live?.ended === true, 'the end of the stream')
    await saving
    const lines = (await recorded()).split('\n')
    expect(lines.filter(line => !line.startsWith('#'))).to.deep.equal([...segments.map((_, i) => `v${i}.m4s`), ''])
    expect(lines).to.include.members(['#EXT-X-MAP:URI="init.mp4"', '#EXTINF:1.00000,', '#EXT-X-ENDLIST']).and.not.include('#EXT-X-DISCONTINUITY')
    for (const [i, bytes] of segments.entries()) expect((await readFile(join(out, `v${i}.m4s`))).equals(bytes)).to.equal(true)
    expect(await readFile(join(out, 'live.m3u8'), 'utf8')).to.include('RESOLUTION=2x2\nlive-v.m3u8')
  })

  it('has segments that only their query tells apart, where the policy says which', async () => {
    const asked: string[] = []
    const base = await serveWith(url => {
      asked.push(url.href)
      if (url.pathname === '/live.m3u8') {
        return Buffer.from(['#EXTM3U', '#EXT-X-TARGETDURATION:1', ...[1, 2, 3].flatMap(sq => ['#EXTINF:1,', `seg?sq=${sq}&session=a`]), ''].join('\n'))
      }
      return url.pathname === '/seg' ? bytesOf(1_000, Number(url.searchParams.get('sq'))) : undefined
    })
    const publisher = await node({ upload: { rate: 0 } })
    const { link } = await publisher.publish(`${base}live.m3u8`, { live: true, name: 'show', policy: { significantQuery: ['sq'] } })
    const viewer = await node()
    const content = await viewer.open(link, { origins: [`${base}?token=t`] })
    expect(content.policy).to.deep.equal({ significantQuery: ['sq'] })
    for (const sq of [2, 1, 3]) {
      const response = await viewer.fetch(`${base}seg?session=b&sq=${sq}`)
      expect(Buffer.from(await response.arrayBuffer())).to.deep.equal(Buffer.from(bytesOf(1_000, sq)))
    }
    expect(asked.filter(url => url.includes('token')).toSorted()).to.deep.equal([1, 2, 3].map(sq => `${base}seg?sq=${sq}&token=t`))
  })

  it('is never shown as it was before to a viewer that has seen it since, over restarts', async () => {
    const writer = new Writer(await folder())
    const [data, memory] = [await folder(), await folder()]
    const publish = async (network: string): Promise<{ publisher: Shoal, link: string }> => {
      const publisher = await node({ data, network })
      return { publisher, link: (await publisher.publish(writer.folder, { live: true, name: 'show' })).link }
    }
    await writer.next()
    // one that never hears of what comes later
    const behind = await node({ network: 'behind' })
    const early = await publish('behind')
    const old = await behind.open(early.link)
    await early.publisher.stop()

    const later = await publish('ahead')
    const viewer = await node({ data: memory, network: 'ahead' })
    expect((await viewer.open(later.link)).summary.live?.epoch).to.be.above(old.summary.live?.epoch ?? Infinity)
    await viewer.stop()
    await later.publisher.stop()

    const link = `${later.link.split('?')[0] as string}?addr=${behind.addrs[0] as string}`
    const fresh = await node({ network: 'behind' })
    expect((await fresh.open(link)).summary.live?.epoch).to.equal(old.summary.live?.epoch)
    const again = await node({ data: memory, network: 'behind' })
    const opening = again.open(link).then(content => content.summary.live?.epoch, (error: Error) => error.name)
    await until(() => again.status.connections > 0, 'they meet')
    const third = await node({ data, network: 'behind', bootstrap: again.addrs })
    await third.publish(writer.folder, { live: true, name: 'show' })
    expect(await opening).to.equal(third.contents[0]?.summary.live?.epoch)
  })

  it('is one swarm for viewers with different origins and tokens, followed over HTTP', async () => {
    const writer = new Writer(await folder())
    await writer.master()
    await writer.next()
    const asked: string[][] = [[], [], []]
    const [source, one, two] = [
      await serve(writer.folder, asked[0]), await serve(writer.folder, asked[1]), await serve(writer.folder, asked[2])
    ]
    const publisher = await node({ upload: { rate: 0 } })
    const { link } = await publisher.publish(`${source}main.m3u8?key=secret`, { live: true, name: 'show' })
    expect(asked[0]?.every(url => url.endsWith('?key=secret'))).to.equal(true)

    const [first, second] = [await node(), await node()]
    const atFirst = await first.open(link, { origins: [`${one}?token=first`] })
    const path = await writer.next()
    await until(async () => await has(atFirst, path), 'the first viewer hears of it')
    // nobody but the origin gives it: the publisher may not
    const got = await first.fetch(`${one}${path}?token=first`)
    expect(Buffer.from(await got.arrayBuffer()).equals(writer.segments.get(path) as Uint8Array)).to.equal(true)
    expect(asked[1]?.filter(url => url.includes(path))).to.deep.equal([`/${path}?token=first`])

    const atSecond = await second.open(`${link}&addr=${first.addrs[0]}`, { origins: [`${two}?token=second`] })
    await until(() => first.status.peers.some(({ peer }) => peer === second.peerId), 'the viewers meet')
    await unlink(join(writer.folder, path))
    const other = await second.fetch(`${two}${path}?token=second`, { deadline: 20_000 })
    expect(Buffer.from(await other.arrayBuffer()).equals(writer.segments.get(path) as Uint8Array)).to.equal(true)
    expect(atSecond.stats.peers).to.have.property(first.peerId)
  })
})
