import type { Stream } from '@libp2p/interface'
import { encodeMessage, type Message } from '@shoal/wire'
import { Uint8ArrayList } from 'uint8arraylist'
import { MAX_CONTROL_BACKLOG_BYTES } from './defaults.js'

/**
 * Our control stream. What is said in one turn goes out in one write at its end: each write is a record of the encryption and a system
 * call of its own, and a block that arrives makes up to three frames (CREDIT, HAVE, REQUEST).
 */
export class ControlWriter {
  readonly #stream: Stream
  readonly #failed: (reason: string) => void
  #frames = new Uint8ArrayList()

  /** @param failed the stream is closed, or the peer has left 1 MiB unread */
  constructor (stream: Stream, failed: (reason: string) => void) {
    this.#stream = stream
    this.#failed = failed
  }

  /** @throws WireError when the message breaks a limit of the protocol */
  send (message: Message): void {
    const frame = encodeMessage(message)
    const first = this.#frames.byteLength === 0
    this.#frames.append(frame)
    if (first) queueMicrotask(() => { this.flush() })
  }

  flush (): void {
    if (this.#frames.byteLength === 0) return
    const frames = this.#frames
    this.#frames = new Uint8ArrayList()
    try {
      this.#stream.send(frames.subarray())
    } catch (error) {
      this.#failed(`our control stream failed: ${String(error)}`)
      return
    }
    if (this.#stream.writeBufferLength > MAX_CONTROL_BACKLOG_BYTES) this.#failed('the peer does not read its control stream')
  }
}
