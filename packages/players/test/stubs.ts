import { TypedEventEmitter } from 'main-event'
import type { Content, ContentEvents, OfferOptions, OriginTimes, Policy, ReadOptions, Segment, SourceKind } from '@shoal/interface'

export const BASE = 'https://cdn.example.com/show/'

export interface StubRead { readonly path: string, readonly options: ReadOptions }

/** A content whose reads are scripted: what is not used of the interface is not there. */
export class StubContent extends TypedEventEmitter<ContentEvents> {
  readonly reads: StubRead[] = []
  readonly offers: { readonly path: string, readonly bytes: Uint8Array, readonly start: number }[] = []
  /** Of each offer. */
  readonly took: (OriginTimes | undefined)[] = []
  /** Of each `stat`. */
  readonly looks: ReadOptions[] = []
  readonly files: Map<string, Uint8Array>
  policy: Policy = {}
  summary: { live?: object } = {}
  stats = { connected: 1 }
  source: SourceKind = 'peer'
  /** Fail a read after this many bytes. */
  breakAfter = Infinity
  /** Bytes that come at a time. */
  pieces = 100
  /** Each piece that is given. */
  onpiece: () => void = () => {}
  /** `stat` never ends. */
  stuck = false
  /** Nothing comes before this. */
  held: Promise<void> = Promise.resolve()
  /** Never deliver. */
  silent = false
  /** The origin has other bytes than the manifest, and no peer has it. */
  mismatched = false

  constructor (files: ReadonlyMap<string, Uint8Array>) {
    super()
    this.files = new Map(files)
  }

  async * read (path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    this.reads.push({ path, options })
    const file = this.files.get(path)
    if (file === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ERR_NOT_FOUND' })
    const aborted = async (): Promise<never> => await new Promise((_resolve, reject) => { options.signal?.addEventListener('abort', () => { reject(new Error('aborted')) }) })
    if (this.mismatched) {
      this.safeDispatchEvent('fallback', { detail: { content: 'shoal:x', path, from: 'origin', to: 'peer', reason: 'mismatch' } })
      await aborted()
    }
    if (this.silent) await aborted()
    const bytes = file.subarray(options.start ?? 0, options.end ?? file.length)
    for (let at = 0; at < bytes.length; at += this.pieces) {
      if (at >= this.breakAfter) throw new Error('the swarm is gone')
      await this.held
      this.onpiece()
      yield bytes.subarray(at, at + this.pieces)
    }
    const { source } = this
    this.safeDispatchEvent('segment', {
      detail: { content: 'shoal:x', path, bytes: bytes.length, source, sources: [{ kind: source, bytes: bytes.length }], ms: 1, reason: 'peers' }
    })
  }

  async stat (path: string, options: ReadOptions = {}): Promise<Segment> {
    this.looks.push(options)
    if (this.stuck) await new Promise(() => {})
    const file = this.files.get(path)
    if (file === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ERR_NOT_FOUND' })
    return { index: 0, path, size: file.length, cid: `bafy${file.length}`, blocks: 1 }
  }

  offer (path: string, bytes: Uint8Array, { start = 0, took }: OfferOptions = {}): Promise<number> {
    this.took.push(took)
    this.offers.push({ path, bytes: bytes.slice(), start })
    return Promise.resolve(bytes.length)
  }

  asContent (): Content {
    return this as unknown as Content
  }
}

export interface StubOrigin {
  readonly fetch: typeof globalThis.fetch
  readonly asked: Request[]
  /** Answers for requests still to come, in order; when used up: 200 or 206 with the file's bytes. */
  readonly answers: (() => Response | Promise<Response>)[]
}

export function stubOrigin (files: ReadonlyMap<string, Uint8Array>): StubOrigin {
  const asked: Request[] = []
  const answers: StubOrigin['answers'] = []
  return {
    asked,
    answers,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      asked.push(request)
      const signal = request.signal
      const scripted = answers.shift()
      if (scripted !== undefined) {
        const aborted = new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => { reject(new DOMException('aborted', 'AbortError')) })
        })
        return await Promise.race([scripted(), aborted])
      }
      const file = files.get(new URL(request.url).pathname.replace('/show/', ''))
      if (file === undefined) return new Response('nothing here', { status: 404, statusText: 'Not Found' })
      const range = /bytes=(\d+)-(\d*)/.exec(request.headers.get('Range') ?? '')
      if (range === null) return new Response(file.slice(), { headers: { 'Content-Length': String(file.length), Age: '12' } })
      const part = file.slice(Number(range[1]), range[2] === '' ? undefined : Number(range[2]) + 1)
      return new Response(part, { status: 206, headers: { 'Content-Length': String(part.length) } })
    }
  }
}
