import type { Connection, Stream } from '@libp2p/interface'
import { WireError } from '@shoal/interface'
import type { Clock } from '@shoal/base'
import { FrameReader, type FrameSink } from '@shoal/wire'
import { CLOSE_MS } from './defaults.js'

/**
 * Resolves when the stream takes more, rejects when it closes. By the events, for `onDrain()` of libp2p waits only the first time.
 *
 * One microtask late on purpose: on `drain` every stream of the connection queues its own buffered bytes in a microtask; a bulk sender
 * that filled the connection again before they ran would starve all of them, the control stream first.
 */
export async function untilDrained (stream: Stream): Promise<void> {
  while (stream.writableNeedsDrain) {
    if (stream.status !== 'open') throw new Error(`the stream is ${stream.status}`)
    await new Promise<void>((resolve, reject) => {
      function done (event: Event): void {
        stream.removeEventListener('drain', done)
        stream.removeEventListener('close', done)
        if (event.type === 'drain') queueMicrotask(resolve)
        else reject(new Error('the stream closed before it took more'))
      }
      stream.addEventListener('drain', done)
      stream.addEventListener('close', done)
    })
  }
}

/** Closes once what was sent has gone out; aborts when that takes too long. */
export async function closeConnection (connection: Connection, clock: Clock): Promise<void> {
  const controller = new AbortController()
  const cancel = clock.after(CLOSE_MS, () => { controller.abort() })
  try {
    await connection.close({ signal: controller.signal })
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  } finally {
    cancel()
  }
}

export interface StreamSink extends FrameSink {
  /** Bytes came. */
  heard (): void
  /** What a callback or the reader threw: nothing more is read. */
  failed (error: unknown): void
  /** The peer will send nothing more on this stream. */
  ended (): void
}

/** Reads a stream of the peer to its end, a frame at a time, by events: the iterator of libp2p buffers without limit. */
export function readFrames (stream: Stream, cap: number, sink: StreamSink): void {
  const reader = new FrameReader(cap, sink)
  let over = false
  function fail (error: unknown): void {
    over = true
    sink.failed(error)
  }
  stream.addEventListener('message', event => {
    if (over) return
    sink.heard()
    try {
      reader.push(event.data)
    } catch (error) {
      fail(error)
    }
  })
  stream.addEventListener('remoteCloseWrite', () => {
    if (!over && reader.partial) fail(new WireError('expected whole frames, got a stream that ends inside one'))
    else sink.ended()
  })
  stream.addEventListener('close', () => { sink.ended() })
}
