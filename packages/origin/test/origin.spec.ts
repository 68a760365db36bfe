import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import { OriginError } from '@shoal/interface'
import { createOrigin, type OriginFailure, type OriginInit } from '../src/index.js'

const A = 'https://a.example.com/'
const B = 'https://b.example.com/'
const DATA = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)

type Answer = (init: RequestInit) => Response | Promise<Response>

function chunked (bytes: Uint8Array, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    pull (controller) {
      if (at >= bytes.byteLength) controller.close()
      else controller.enqueue(new Uint8Array(bytes.slice(at, at += size)))
    }
  })
}

/** A server that does it right. */
const good: Answer = init => {
  const match = /bytes=(\d+)-(\d*)/.exec(new Headers(init.headers).get('range') ?? '')
  if (match === null) return new Response(chunked(DATA, 100))
  const start = Number(match[1])
  const end = match[2] === '' ? DATA.length : Number(match[2]) + 1
  const headers = { 'content-range': `bytes ${start}-${end - 1}/${DATA.length}` }
  return new Response(chunked(DATA.slice(start, end), 100), { status: 206, headers })
}

const silent: Answer = init => new Promise((_resolve, reject) => {
  init.signal?.addEventListener('abort', () => { reject(init.signal?.reason as Error) })
})

function setup (answers: Record<string, Answer>, init: Partial<OriginInit> = {}) {
  const clock = new ManualClock()
  const asked: string[] = []
  const failures: OriginFailure[] = []
  const inits: RequestInit[] = []
  const origin = createOrigin({
    bases: Object.keys(answers),
    clock,
    random: seededRandom(1),
    onfailure: failure => { failures.push(failure) },
    fetch: async (input, init) => {
      const { host, origin } = new URL(input as string)
      asked.push(host.slice(0, 1))
      inits.push(init as RequestInit)
      return await (answers[`${origin}/`] as Answer)(init as RequestInit)
    },
    ...init
  })
  return { origin, clock, asked, failures, inits, answers }
}

async function read (origin: ReturnType<typeof createOrigin>, start?: number, end?: number, signal?: AbortSignal): Promise<Uint8Array> {
  const { body } = await origin.fetch({ path: 'x', start, end, signal })
  const parts: Uint8Array[] = []
  for await (const chunk of body) parts.push(chunk)
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer())
}

async function failure (promise: Promise<unknown>): Promise<OriginError> {
  try {
    await promise
  } catch (error) {
    expect(error).to.be.instanceOf(OriginError)
    return error as OriginError
  }
  throw new Error('expected a rejection')
}

function respond (body: BodyInit | null, status = 200, headers: Record<string, string> = {}): Answer {
  return () => new Response(body, { status, headers })
}

describe('origin', () => {
  it('gives exactly what was asked for', async () => {
    const { origin, inits, failures } = setup({ [A]: good })
    expect(await read(origin)).to.deep.equal(DATA)
    expect(await read(origin, 10, 345)).to.deep.equal(DATA.slice(10, 345))
    expect(await read(origin, 990)).to.deep.equal(DATA.slice(990))
    expect(await read(origin, 0, 1)).to.deep.equal(DATA.slice(0, 1))
    expect(inits.map(init => new Headers(init.headers).get('range'))).to.deep.equal([null, 'bytes=10-344', 'bytes=990-', 'bytes=0-0'])
    for (const init of inits) expect(init).to.include({ mode: 'cors', credentials: 'omit', cache: 'default' })
    expect(failures).to.deep.equal([])
  })

  it('is as quick as somebody else found it, until it has been asked itself', () => {
    const { origin } = setup({ [A]: good })
    origin.saw(500_000, { first: 40, last: 90 })
    expect(origin.stats).to.deep.equal({ rate: 10_000_000, ttfb: 40, failures: 0 })
    origin.saw(0, { first: 90, last: 90 })
    expect(origin.stats.rate).to.equal(10_000_000)
    expect(origin.stats.ttfb).to.be.within(50, 60)
  })

  it('cuts the range out of a whole body, and stops reading behind it', async () => {
    let pulled = 0
    const endless: Answer = () => new Response(new ReadableStream({
      pull (controller) { controller.enqueue(new Uint8Array(DATA.slice(100 * (pulled % 10), 100 * (pulled++ % 10) + 100))) }
    }))
    const { origin, failures } = setup({ [A]: endless })
    expect(await read(origin, 150, 320)).to.deep.equal(DATA.slice(150, 320))
    expect(pulled).to.be.below(8)
    expect(failures).to.deep.equal([])
  })

  for (const [what, answer] of Object.entries<Answer>({
    'a short body': respond(DATA.slice(0, 50), 206),
    'a long body': respond(DATA.slice(0, 101), 206),
    'an empty body': respond(null, 206),
    'a whole body that ends before the range': respond(DATA.slice(0, 10), 200),
    'another range': respond(DATA.slice(0, 100), 206, { 'content-range': 'bytes 1-100/1000' }),
    'a shorter range': respond(DATA.slice(0, 50), 206, { 'content-range': 'bytes 0-49/50' }),
    'a Content-Range that is none': respond(DATA.slice(0, 100), 206, { 'content-range': 'bytes */1000' }),
    'several ranges': respond(DATA.slice(0, 100), 206, { 'content-type': 'multipart/byteranges; boundary=x' }),
    'no content': respond(null, 204),
    'an error in the body': () => {
      const body = new ReadableStream({ pull (controller) { controller.error(new Error('reset')) } })
      return new Response(body, { status: 206 })
    }
  })) {
    it(`refuses ${what}`, async () => {
      const { origin, failures } = setup({ [A]: answer })
      await failure(read(origin, 0, 100))
      expect(failures).to.have.lengthOf(1)
      expect(origin.stats.failures).to.equal(1)
      expect(origin.downUntil).to.be.above(0)
    })
  }

  it('does not read megabytes to reach a range', async () => {
    const { origin } = setup({ [A]: () => new Response(chunked(DATA, 100)) })
    expect((await failure(read(origin, 17 * 1024 * 1024, 18 * 1024 * 1024))).message).to.contain('enable range requests')
  })

  it('asks the bases in order, the failed ones last, until they have rested', async () => {
    const { origin, clock, asked, answers, failures } = setup({ [A]: respond('', 503), [B]: good })
    expect(await read(origin, 0, 10)).to.deep.equal(DATA.slice(0, 10))
    expect(asked.splice(0)).to.deep.equal(['a', 'b'])
    expect(failures[0]?.error).to.include({ status: 503 })
    answers[A] = good
    await read(origin, 0, 10)
    expect(asked.splice(0)).to.deep.equal(['b'])
    expect(origin.downUntil, 'one base is enough').to.equal(0)
    clock.advance(1000)
    await read(origin, 0, 10)
    expect(asked).to.deep.equal(['a'])
  })

  it('rests twice as long after each failure, and forgets them after a success', async () => {
    const { origin, clock, answers } = setup({ [A]: respond('', 500) })
    const rests: number[] = []
    for (let i = 0; i < 10; i++) {
      await failure(read(origin))
      rests.push(origin.downUntil - clock.now())
      clock.advance(60_000)
      expect(origin.downUntil).to.equal(0)
    }
    rests.forEach((rest, i) => {
      const most = Math.min(60_000, 1000 * 2 ** i)
      expect(rest).to.be.within(most / 2, most)
    })
    answers[A] = good
    await read(origin)
    answers[A] = respond('', 500)
    await failure(read(origin))
    expect(origin.downUntil - clock.now()).to.be.at.most(1000)
  })

  it('rests as long as it is told to', async () => {
    const { origin, clock } = setup({ [A]: respond('', 429, { 'retry-after': '120' }) })
    await failure(read(origin))
    expect(origin.downUntil - clock.now()).to.equal(120_000)
    clock.advance(60_000)
    expect(origin.downUntil).to.be.above(0)
  })

  it('goes on with a base that lacks one path', async () => {
    const { origin } = setup({ [A]: respond('', 404) })
    expect((await failure(read(origin))).status).to.equal(404)
    await failure(read(origin))
    expect(origin.downUntil).to.equal(0)
    await failure(read(origin))
    expect(origin.downUntil, 'three in a row').to.be.above(0)
  })

  it('names every base in the error, without their tokens', async () => {
    const unreachable: Answer = () => { throw new TypeError('fetch failed', { cause: new Error('connection refused') }) }
    const { origin, failures } = setup({ [A]: respond('', 500), [B]: unreachable }, { bases: [`${A}?token=secret`, B] })
    const { message } = await failure(read(origin))
    expect(message).to.contain('a.example.com').and.contain('500').and.contain('b.example.com').and.contain('connection refused')
    expect(message).to.not.contain('secret')
    expect(failures.map(({ url }) => url)).to.deep.equal([`${A}x`, `${B}x`])
  })

  it('waits for headers so long and no longer', async () => {
    const { origin, clock, failures } = setup({ [A]: silent, [B]: good })
    const reading = read(origin, 0, 10)
    clock.advance(9999)
    expect(failures).to.deep.equal([])
    clock.advance(1)
    expect(await reading).to.deep.equal(DATA.slice(0, 10))
    expect(failures[0]?.error.message).to.contain('within 10000 ms')
  })

  it('asks the next base beside one that is silent, and no more before the silent one has rested', async () => {
    const { origin, clock, asked, failures, inits } = setup({ [A]: silent, [B]: good })
    const reading = read(origin, 0, 10)
    clock.advance(999)
    expect(asked).to.deep.equal(['a'])
    clock.advance(1)
    expect(asked.splice(0)).to.deep.equal(['a', 'b'])
    expect(await reading).to.deep.equal(DATA.slice(0, 10))
    expect(inits[0]?.signal?.aborted).to.equal(true)
    expect(failures.map(({ error }) => error.message)).to.deep.equal([
      'origin https://a.example.com/x: expected an answer, got nothing for 1000 ms while another origin answered'
    ])
    await read(origin, 0, 10)
    expect(asked).to.deep.equal(['b'])
  })

  it('takes the answer of the silent one when that is first after all, and blames nobody', async () => {
    let answer = (_: Response): void => {}
    const slow: Answer = () => new Promise(resolve => { answer = resolve })
    const { origin, clock, asked, failures } = setup({ [A]: slow, [B]: silent })
    const reading = read(origin)
    clock.advance(1500)
    expect(asked).to.deep.equal(['a', 'b'])
    answer(new Response(DATA.slice()))
    expect(await reading).to.deep.equal(DATA)
    clock.advance(60_000)
    expect(failures).to.deep.equal([])
  })

  it('asks a lone base that is silent once more, and counts both as one failure', async () => {
    let hangs = 1
    const once: Answer = init => hangs-- > 0 ? silent(init) : good(init)
    const { origin, clock, asked, failures, answers } = setup({ [A]: once })
    const reading = read(origin)
    clock.advance(1000)
    expect(await reading).to.deep.equal(DATA)
    expect([asked.splice(0), failures, origin.downUntil]).to.deep.equal([['a', 'a'], [], 0])
    answers[A] = silent
    const failing = failure(read(origin))
    clock.advance(30_000)
    expect((await failing).message).to.contain('within 10000 ms')
    expect([asked, failures.length, origin.downUntil > 0]).to.deep.equal([['a', 'a'], 1, true])
  })

  it('does not ask a lone base again that failed', async () => {
    const { origin, asked } = setup({ [A]: respond('', 500) })
    await failure(read(origin))
    expect(asked).to.deep.equal(['a'])
  })

  it('gives a base that is always slow its time', async () => {
    const clock = new ManualClock()
    const slow: Answer = init => new Promise(resolve => { clock.after(800, () => { resolve(good(init) as Response) }) })
    const { origin, asked } = setup({ [A]: slow, [B]: good }, { clock })
    const first = read(origin)
    clock.advance(800)
    await first
    const second = read(origin)
    clock.advance(2000)
    await second
    expect(asked).to.deep.equal(['a', 'a'])
  })

  it('waits for bytes so long and no longer, even if fetch does not heed its signal', async () => {
    let cancelled = false
    const stuck: Answer = () => new Response(new ReadableStream({
      start (controller) { controller.enqueue(new Uint8Array(10)) },
      pull: () => new Promise(() => {}),
      cancel () { cancelled = true }
    }), { status: 206 })
    const { origin, clock } = setup({ [A]: stuck })
    const { body } = await origin.fetch({ path: 'x', start: 0, end: 100 })
    const chunks = body[Symbol.asyncIterator]()
    expect((await chunks.next()).value).to.have.lengthOf(10)
    const next = failure(chunks.next())
    await new Promise(resolve => setTimeout(resolve, 0))
    clock.advance(10_000)
    expect((await next).message).to.contain('more bytes')
    await new Promise(resolve => setTimeout(resolve, 0))
    expect(cancelled).to.equal(true)
  })

  it('does not blame the origin for a slow reader', async () => {
    const { origin, clock, failures } = setup({ [A]: good })
    const { body } = await origin.fetch({ path: 'x' })
    let bytes = 0
    for await (const chunk of body) {
      bytes += chunk.byteLength
      clock.advance(60_000)
    }
    expect(bytes).to.equal(1000)
    expect(failures).to.deep.equal([])
  })

  it('lets go when the caller does, and blames nobody', async () => {
    for (const answer of [silent, good]) {
      const { origin, failures } = setup({ [A]: answer, [B]: answer })
      const controller = new AbortController()
      const reading = read(origin, 0, 1000, controller.signal)
      controller.abort(new Error('sought away'))
      let reason: unknown
      await reading.catch((error: unknown) => { reason = error })
      expect(reason).to.be.an('error').with.property('message', 'sought away')
      expect(failures).to.deep.equal([])
      expect(origin.downUntil).to.equal(0)
    }
  })

  it('ends the request when the reader stops', async () => {
    const { origin, inits, failures } = setup({ [A]: good })
    const { body } = await origin.fetch({ path: 'x' })
    for await (const chunk of body) {
      expect(chunk.byteLength).to.be.above(0)
      break
    }
    expect(inits[0]?.signal?.aborted).to.equal(true)
    expect(failures).to.deep.equal([])
  })

  it('measures time to the first byte and rate', async () => {
    const { origin, clock } = setup({ [A]: init => { clock.advance(40); return good(init) } })
    expect(origin.stats).to.deep.equal({ rate: undefined, ttfb: undefined, failures: 0 })
    const { body } = await origin.fetch({ path: 'x' })
    for await (const _ of body) clock.advance(10)
    expect(origin.stats.ttfb).to.equal(40)
    expect(origin.stats.rate).to.equal(10_000)
  })

  it('says so when there is no base at all', async () => {
    expect((await failure(setup({}).origin.fetch({ path: 'x' }))).message).to.contain('no base URL is known')
    expect(setup({}).origin.downUntil).to.equal(0)
  })
})
