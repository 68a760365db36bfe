/**
 * What is done to the data channels of a page before its own scripts run, whoever uses them: every message is counted, and a bad viewer's
 * messages are held back or changed. These functions run in the page and see nothing of this module.
 */

/** How a viewer's page sends. */
export interface Sending {
  /** Bytes per second of all channels together. @default as fast as it goes */
  readonly rate?: number
  /** Large messages, as pieces of media are, have one byte changed. */
  readonly wrong?: boolean
}

/** Counts what comes over data channels in `overChannels`. */
export function counting (): void {
  const page = globalThis as unknown as { overChannels: number, RTCPeerConnection: typeof RTCPeerConnection }
  page.overChannels = 0
  const count = (channel: RTCDataChannel): void => {
    channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | Blob | string>) => {
      page.overChannels += typeof data === 'string' ? data.length : data instanceof Blob ? data.size : data.byteLength
    })
  }
  page.RTCPeerConnection = class extends RTCPeerConnection {
    constructor (config?: RTCConfiguration) {
      super(config)
      this.addEventListener('datachannel', ({ channel }) => { count(channel) })
    }

    override createDataChannel (label: string, init?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, init)
      count(channel)
      return channel
    }
  }
}

/** Makes a page send as `how` says. What waits counts as buffered, so that senders that look at that slow down. */
export function sending (how: Sending): void {
  const MEDIA_BYTES = 8_192
  const STEP_MS = 20
  const { prototype } = RTCDataChannel
  const send = prototype.send as (this: RTCDataChannel, data: ArrayBufferView<ArrayBuffer>) => void
  const buffered = Object.getOwnPropertyDescriptor(prototype, 'bufferedAmount')?.get as (this: RTCDataChannel) => number
  const waiting: { channel: RTCDataChannel, data: Uint8Array<ArrayBuffer> }[] = []
  const queued = new WeakMap<RTCDataChannel, number>()
  let budget = 0

  const copy = (data: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> =>
    new Uint8Array(data instanceof ArrayBuffer ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).slice()

  prototype.send = function (this: RTCDataChannel, data: string | Blob | ArrayBuffer | ArrayBufferView): void {
    if (typeof data === 'string' || data instanceof Blob) throw new Error('expected bytes')
    const bytes = copy(data)
    const middle = bytes.byteLength >> 1
    if (how.wrong === true && bytes.byteLength >= MEDIA_BYTES) bytes[middle] = (bytes[middle] as number) ^ 0xff
    if (how.rate === undefined) { send.call(this, bytes); return }
    waiting.push({ channel: this, data: bytes })
    queued.set(this, (queued.get(this) ?? 0) + bytes.byteLength)
  }
  if (how.rate === undefined) return
  const rate = how.rate
  Object.defineProperty(prototype, 'bufferedAmount', {
    configurable: true,
    get (this: RTCDataChannel) { return buffered.call(this) + (queued.get(this) ?? 0) }
  })
  setInterval(() => {
    budget = Math.min(budget + rate * STEP_MS / 1000, rate / 4)
    while (waiting.length > 0 && budget > 0) {
      const { channel, data } = waiting.shift() as typeof waiting[number]
      budget -= data.byteLength
      const left = (queued.get(channel) ?? 0) - data.byteLength
      queued.set(channel, left)
      if (channel.readyState === 'open') send.call(channel, data)
      if (left <= channel.bufferedAmountLowThreshold && left + data.byteLength > channel.bufferedAmountLowThreshold) channel.dispatchEvent(new Event('bufferedamountlow'))
    }
  }, STEP_MS)
}
