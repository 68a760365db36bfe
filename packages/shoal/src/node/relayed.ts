import type { Stream } from '@libp2p/interface'
import type { Clock, TokenBucket } from '@shoal/base'
import { RELAY_WAITING_BYTES } from '../defaults.js'

/**
 * Two streams that a relay has joined: each is read only while the other takes what came, and while the rate of the relay allows it.
 * Forwarding itself is not done here.
 */
export function join (a: Stream, b: Stream, bucket: TokenBucket, clock: Clock): void {
  regulate(a, b, bucket, clock)
  regulate(b, a, bucket, clock)
}

function regulate (from: Stream, to: Stream, bucket: TokenBucket, clock: Clock): void {
  let waiting = 0
  let blocked = false
  let paused = false
  let closed = false
  let cancel = (): void => {}

  const check = (): void => {
    cancel()
    if (closed) return
    const ms = bucket.wait()
    const stop = ms > 0 || blocked || waiting > RELAY_WAITING_BYTES
    if (ms > 0) cancel = clock.after(ms, check)
    if (stop === paused) return
    paused = stop
    if (stop) from.pause()
    else from.resume()
  }
  // pausing while what waited is being delivered would be lost
  const soon = (): void => { queueMicrotask(check) }

  from.addEventListener('message', ({ data }) => {
    waiting += data.byteLength
    bucket.spend(data.byteLength)
    soon()
  })
  const send = to.send.bind(to)
  to.send = data => {
    const more = send(data)
    waiting = Math.max(0, waiting - data.byteLength)
    blocked = !more
    soon()
    return more
  }
  to.addEventListener('drain', () => {
    blocked = false
    soon()
  })
  for (const stream of [from, to]) {
    stream.addEventListener('close', () => {
      closed = true
      cancel()
    }, { once: true })
  }
}
