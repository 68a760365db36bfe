import { EXCHANGE_MIN_VERSION, EXCHANGE_VERSION, FEATURE_SUBSCRIBE, type Hello } from '@shoal/wire'

/** What we say first. */
export function greeting (frameCap: number, credit: number): Hello {
  return { type: 'hello', version: EXCHANGE_VERSION, minVersion: EXCHANGE_MIN_VERSION, frameCap, credit, features: FEATURE_SUBSCRIBE }
}

/** Why the peer and we cannot talk, `undefined` when we can. */
export function mismatchOf ({ version, minVersion }: Hello): string | undefined {
  if (minVersion <= EXCHANGE_VERSION && version >= EXCHANGE_MIN_VERSION) return undefined
  return `the peer speaks versions ${minVersion} to ${version}, we speak ${EXCHANGE_MIN_VERSION} to ${EXCHANGE_VERSION}`
}

/** The peer takes subscriptions. */
export function takesSubscriptions (hello: Hello | undefined): boolean {
  return hello !== undefined && (hello.features & FEATURE_SUBSCRIBE) !== 0
}
