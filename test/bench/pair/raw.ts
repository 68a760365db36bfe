/**
 * A libp2p stream between two nodes that do nothing else, made the way that is fastest: TCP, TLS and yamux with the options that Shoal
 * sets; the sender's bytes come from memory and are held back by the `drain` event.
 *
 * The receiver counts, or cuts into blocks of 256 KiB, hashes them off its main thread and writes them to one file. It holds the sender
 * back by pausing the stream when more than `QUEUE_BLOCKS` wait for hash and disk.
 */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { readFileChunks, work, type Fetching } from '../support/worker.ts'

const PROTOCOL = '/shoal-bench/raw/1.0.0'
const BLOCK_BYTES = 256 * 1024
/** What the sender holds of the content, and sends over and over: small enough for any machine, larger than its caches. */
const SAMPLE_BYTES = 64 * 1024 * 1024
/** One `send`: as much as pays for itself; it costs less CPU than 60,000 bytes or 256 KiB. */
const WRITE_BYTES = 1024 * 1024
const QUEUE_BLOCKS = 64

async function node (): Promise<Libp2p> {
  return await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 2 * 1024 * 1024 } })],
    connectionMonitor: { enabled: false }
  })
}

work({
  async seed ({ file, bytes }) {
    const sample = await readSample(file, Math.min(bytes, SAMPLE_BYTES))
    const hash = createHash('sha256')
    for (let at = 0; at < bytes; at += sample.byteLength) hash.update(sample.subarray(0, bytes - at))
    const libp2p = await node()
    await libp2p.handle(PROTOCOL, async stream => { await send(stream, sample, bytes) })
    return { found: libp2p.getMultiaddrs().map(String)[0], digest: hash.digest('hex') }
  },

  async fetch ({ bytes, folder, options, found }) {
    const libp2p = await node()
    const connection = await libp2p.dial(multiaddr(found as string))
    const connect = async (): Promise<Stream> => await connection.newStream(PROTOCOL)
    return options['receiver'] === 'counts' ? counting(connect, bytes) : hashing(connect, bytes, join(folder, 'out.bin'))
  }
})

async function readSample (path: string, bytes: number): Promise<Uint8Array> {
  const sample = new Uint8Array(bytes)
  const file = await open(path)
  for (let at = 0; at < bytes;) at += (await file.read(sample, at, bytes - at, at)).bytesRead
  await file.close()
  return sample
}

async function send (stream: Stream, sample: Uint8Array, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes;) {
    const from = sent % sample.byteLength
    const part = sample.subarray(from, from + Math.min(WRITE_BYTES, bytes - sent))
    sent += part.byteLength
    if (!stream.send(part)) await drained(stream)
  }
  await stream.close()
}

/** By the event: `onDrain()` waits only the first time. */
async function drained (stream: Stream): Promise<void> {
  while (stream.writableNeedsDrain) {
    await new Promise<void>((resolve, reject) => {
      const done = (event: Event): void => {
        stream.removeEventListener('drain', done)
        stream.removeEventListener('close', done)
        if (event.type === 'drain') resolve()
        else reject(new Error('the stream closed early'))
      }
      stream.addEventListener('drain', done)
      stream.addEventListener('close', done)
    })
  }
}

function counting (connect: () => Promise<Stream>, bytes: number): Fetching {
  return {
    async fetch () {
      const stream = await connect()
      await receive(stream, bytes, () => {})
    },
    result: () => undefined
  }
}

function hashing (connect: () => Promise<Stream>, bytes: number, path: string): Fetching {
  return {
    async fetch () {
      const file = await open(path, 'wx')
      const free: Uint8Array<ArrayBuffer>[] = []
      const pending = new Set<Promise<void>>()
      let block = new Uint8Array(BLOCK_BYTES)
      let filled = 0
      let position = 0

      const stream = await connect()
      const finish = async (full: Uint8Array<ArrayBuffer>, length: number, at: number): Promise<void> => {
        const used = full.subarray(0, length)
        await Promise.all([crypto.subtle.digest('SHA-256', used), file.write(used, 0, length, at)])
        free.push(full)
      }
      const end = (): void => {
        const task = finish(block, filled, position)
        pending.add(task)
        // whoever awaits all of them sees a failure
        task.then(() => {
          pending.delete(task)
          if (pending.size < QUEUE_BLOCKS / 2 && stream.readStatus === 'paused') stream.resume()
        }, () => {})
        position += filled
        filled = 0
        block = free.pop() ?? new Uint8Array(BLOCK_BYTES)
        // from a microtask: yamux loses a pause inside a message that comes during a resume
        if (pending.size >= QUEUE_BLOCKS) queueMicrotask(() => { if (pending.size >= QUEUE_BLOCKS) stream.pause() })
      }
      await receive(stream, bytes, chunk => {
        for (let at = 0; at < chunk.byteLength;) {
          const part = chunk.subarray(at, at + BLOCK_BYTES - filled)
          block.set(part, filled)
          filled += part.byteLength
          at += part.byteLength
          if (filled === BLOCK_BYTES) end()
        }
      })
      if (filled > 0) end()
      await Promise.all(pending)
      await file.close()
    },
    result: () => readFileChunks(path)
  }
}

/** Resolves when all has come. */
async function receive (stream: Stream, bytes: number, take: (chunk: Uint8Array) => void): Promise<void> {
  let received = 0
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('close', () => { reject(new Error(`the stream closed after ${received} of ${bytes} bytes`)) })
    stream.addEventListener('message', ({ data }) => {
      if (data instanceof Uint8Array) take(data)
      else for (const chunk of data) take(chunk)
      received += data.byteLength
      if (received >= bytes) resolve()
    })
  })
}
