import { blockOffset, type verifyBlock } from '@shoal/content'
import { BlockMismatchError, OriginError, type Manifest, type Origin, type VerifiedBlock } from '@shoal/interface'
import type { OriginLink } from '@shoal/swarm'

/** What an origin fetch tells its swarm. */
export interface OriginHost {
  readonly manifest: Manifest
  readonly verify: typeof verifyBlock
  arrived (segment: number, block: number, verified: VerifiedBlock): void
  /** Bytes that arrived for nothing. */
  wasted (bytes: number): void
  /** `told`: the origin has reported the cause itself. */
  done (segment: number, first: number, end: number, error: 'failed' | 'mismatch' | undefined, cause: Error | undefined, told: boolean): void
}

interface Fetch { readonly segment: number, readonly first: number, readonly end: number, readonly abort: AbortController }

/** Gets runs of blocks from the origin, one HTTP request each, and lets nothing pass that does not hash to the manifest's digest. */
export class OriginFlow {
  readonly #origin: Origin
  readonly #host: OriginHost
  readonly #fetches = new Set<Fetch>()
  /** Faults found here, which the origin does not know of and has not told. */
  readonly #found = new WeakSet<Error>()

  constructor (origin: Origin, host: OriginHost) {
    this.#origin = origin
    this.#host = host
  }

  start (segment: number, first: number, end: number): void {
    const fetch = { segment, first, end, abort: new AbortController() }
    this.#fetches.add(fetch)
    void this.#run(fetch)
  }

  cancel (segment: number, first: number, end: number): void {
    for (const fetch of this.#fetches) {
      if (fetch.segment === segment && fetch.first === first && fetch.end === end) fetch.abort.abort(new Error('cancelled'))
    }
  }

  close (): void {
    for (const fetch of this.#fetches) fetch.abort.abort(new Error('closed'))
  }

  async #run (fetch: Fetch): Promise<void> {
    const { segment, first, end, abort } = fetch
    let error: 'failed' | 'mismatch' | undefined
    let cause: Error | undefined
    try {
      await this.#get(fetch)
    } catch (thrown) {
      if (!abort.signal.aborted) {
        cause = thrown as Error
        error = thrown instanceof BlockMismatchError ? 'mismatch' : 'failed'
      }
    }
    this.#fetches.delete(fetch)
    // always told, cancelled or not: blocks of it that did not come are open again
    const told = cause instanceof OriginError && !this.#found.has(cause)
    this.#host.done(segment, first, end, error, cause, told)
  }

  #fault (message: string, status: number): OriginError {
    const error = new OriginError(message, status)
    this.#found.add(error)
    return error
  }

  async #get ({ segment, first, end, abort }: Fetch): Promise<void> {
    const { manifest, verify } = this.#host
    const stated = await manifest.segment(segment, abort.signal)
    const { path, size } = stated
    const refs = Array.from({ length: end - first }, (_, i) => manifest.block(segment, first + i))
    const start = blockOffset(stated, first)
    const length = refs.reduce((sum, ref) => sum + (ref.size as number), 0)
    const whole = start === 0 && length === size
    const reply = await this.#origin.fetch({ path, signal: abort.signal, ...(whole ? {} : { start, end: start + length }) })

    const verifying: Promise<void>[] = []
    let at = 0
    let buffer: Uint8Array | undefined
    let filled = 0
    for await (const chunk of reply.body) {
      let rest = chunk
      while (rest.byteLength > 0) {
        const ref = refs[at]
        if (ref === undefined) throw this.#fault(`${reply.url} gave more than the ${length} bytes expected`, reply.status)
        if (buffer === undefined && isBlock(rest, ref.size as number)) {
          buffer = rest
          rest = rest.subarray(rest.byteLength)
        } else {
          buffer ??= new Uint8Array(ref.size as number)
          const part = rest.subarray(0, buffer.byteLength - filled)
          buffer.set(part, filled)
          filled += part.byteLength
          rest = rest.subarray(part.byteLength)
          if (filled < buffer.byteLength) continue
        }
        const block = first + at
        const bytes = buffer
        verifying.push(verify(ref, bytes).then(
          verified => { this.#host.arrived(segment, block, verified) },
          (error: unknown) => {
            this.#host.wasted(bytes.byteLength)
            throw error
          }))
        // awaited below; until then a rejection must not count as unhandled
        verifying.at(-1)?.catch(() => {})
        at++
        buffer = undefined
        filled = 0
      }
    }
    await Promise.all(verifying)
    if (at < refs.length) {
      throw this.#fault(`${reply.url} gave ${blockOffset(stated, first + at) - start + filled} bytes in place of the ${length} expected`, reply.status)
    }
  }
}

/** The bytes can be the block as they are: no more memory hangs on them than a copy would take twice over. */
function isBlock ({ byteLength, buffer }: Uint8Array, size: number): boolean {
  return byteLength === size && buffer.byteLength <= 2 * size
}

/** What the picker knows of an origin. */
export function originLink ({ stats: { rate, ttfb }, downUntil }: Origin): OriginLink {
  return { rate, ttfb, downUntil }
}
