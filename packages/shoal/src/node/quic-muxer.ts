import { AbstractStream, AbstractStreamMuxer } from '@libp2p/utils'
import type { Logger, MultiaddrConnection, MessageStreamDirection } from '@libp2p/interface'
import { QUIC_READ_BYTES } from '../defaults.js'

/** As much as is used of a stream of the native library. */
export interface NativeStream {
  id (): string
  /** At most so many bytes; nothing at the end. */
  read (most: number): Promise<Uint8Array | null | undefined>
  /** Resolves when the other end's window had room for all of it. */
  write (bytes: Uint8Array): Promise<void>
  finishWrite (): Promise<void>
  resetWrite (): Promise<void>
  stopRead (): Promise<void>
}

/** As much as is used of a connection of the native library. */
export interface NativeConnection {
  inboundStream (): Promise<NativeStream>
  outboundStream (): Promise<NativeStream>
}

/**
 * The streams of a QUIC connection. The transport's own muxer reads whatever comes, paused or not, which ends every relayed stream whose
 * receiver is slower than its sender; takes a stream that was reset for one that ended well; and loses the streams that come before
 * somebody listens.
 */
export class QuicMuxer extends AbstractStreamMuxer<QuicStream> {
  readonly #native: NativeConnection

  constructor (native: NativeConnection, connection: MultiaddrConnection) {
    super(connection, { protocol: 'quic', name: 'quic' })
    this.#native = native
    void this.#accept()
  }

  async onCreateStream (): Promise<QuicStream> {
    return new QuicStream(await this.#native.outboundStream(), 'outbound', this.log)
  }

  /** Nothing comes but in streams. */
  onData (): void {}

  async #accept (): Promise<void> {
    try {
      for (;;) this.onRemoteStream(new QuicStream(await this.#native.inboundStream(), 'inbound', this.log))
    } catch (error) {
      // the connection has ended, and says so itself
      this.log.trace('no more streams - %e', error)
    }
  }
}

/** Reads while nobody has paused it: what is not read fills the window that the other end has, and it waits. */
export class QuicStream extends AbstractStream {
  readonly #native: NativeStream
  #paused: PromiseWithResolvers<void> | undefined

  constructor (native: NativeStream, direction: MessageStreamDirection, log: Logger) {
    super({ id: native.id(), direction, log: log.newScope(`${direction}:${native.id()}`) })
    this.#native = native
    void this.#read()
  }

  sendData (data: Parameters<AbstractStream['sendData']>[0]): ReturnType<AbstractStream['sendData']> {
    this.#native.write(data.subarray()).catch((error: unknown) => { this.#failed(error as Error) }).finally(() => { this.safeDispatchEvent('drain') })
    return { sentBytes: data.byteLength, canSendMore: false }
  }

  sendReset (): void {
    this.#native.resetWrite().catch(() => {})
    this.#native.stopRead().catch(() => {})
    // so that the reader sees it
    this.#paused?.resolve()
  }

  async sendCloseWrite (): Promise<void> {
    await this.#native.finishWrite()
  }

  /** What still comes is read and dropped: its end says that the other side is done. */
  async sendCloseRead (): Promise<void> {
    this.#paused?.resolve()
  }

  sendPause (): void {
    this.#paused ??= Promise.withResolvers()
  }

  sendResume (): void {
    // whoever got what was held back may have paused again
    if (this.readStatus === 'paused') return
    this.#paused?.resolve()
    this.#paused = undefined
  }

  async #read (): Promise<void> {
    try {
      for (;;) {
        await this.#paused?.promise
        if (this.status !== 'open' && this.status !== 'closing') return
        const bytes = await this.#native.read(QUIC_READ_BYTES)
        if (bytes === null || bytes === undefined) break
        this.onData(bytes)
      }
      this.onRemoteCloseWrite()
    } catch (error) {
      this.#failed(error as Error)
    }
  }

  /** The native library tells by words alone what happened. */
  #failed (error: Error): void {
    if (this.status !== 'open' && this.status !== 'closing') return
    if (error.message.includes('reset by peer')) {
      // to QUIC that ends one direction alone
      this.#native.resetWrite().catch(() => {})
      this.onRemoteReset()
    } else if (error.message.includes('stopped by peer')) {
      // it wants to hear no more, but may have more to say
      this.onRemoteCloseRead()
    } else this.onTransportClosed(error)
  }
}
