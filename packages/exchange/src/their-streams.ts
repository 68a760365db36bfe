import type { Stream } from '@libp2p/interface'
import { WireError } from '@shoal/interface'

/** The streams that a peer opened on a session, told apart by their first frame: one that says HELLO, one that begins with DATA. */
export class TheirStreams {
  #opened = 0
  #control: Stream | undefined
  #data: Stream | undefined

  /** @returns false when it is one too many */
  opened (): boolean {
    return ++this.#opened <= 2
  }

  /** @throws WireError a second HELLO, or one on the stream for DATA */
  hello (stream: Stream): void {
    if (this.#control !== undefined || stream === this.#data) throw new WireError('expected one HELLO per session, got a second')
    this.#control = stream
  }

  /** @throws WireError control that is not on the stream of the HELLO */
  control (stream: Stream, type: string): void {
    if (stream !== this.#control) throw new WireError(`expected a HELLO or DATA on a new stream, got a ${type}`)
  }

  /** @param open the session is. @throws WireError DATA that is not on its one stream, or comes too early */
  data (stream: Stream, open: boolean): void {
    if (this.#data === stream) return
    if (this.#data !== undefined || stream === this.#control || !open) throw new WireError('expected DATA only on one data stream of an open session')
    this.#data = stream
  }
}
