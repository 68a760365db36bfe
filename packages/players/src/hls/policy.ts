import type { LoaderConfiguration, LoaderResponse } from 'hls.js'

type Policy = NonNullable<LoaderConfiguration['loadPolicy']['errorRetry']>

/** A load that failed, as hls.js wants to hear of it. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure'
  /** HTTP status; 0 when there was none. */
  readonly status: number
  readonly timeout: boolean
  readonly response: Response | null
  constructor (message: string, status: number, timeout = false, response: Response | null = null) {
    super(message)
    this.status = status
    this.timeout = timeout
    this.response = response
  }
}

/** Milliseconds to wait before the next try, or undefined when hls.js' policy allows none: 4xx and failures without a status are final. */
export function retryDelay (policy: Policy | null, tries: number, failure: LoadFailure, url: string): number | undefined {
  if (policy === null) return undefined
  const worth = failure.timeout || (failure.status !== 0 && (failure.status < 400 || failure.status > 499))
  const allowed = tries < policy.maxNumRetry && worth
  const response: LoaderResponse = { url, data: undefined as never, code: failure.status }
  if (!(policy.shouldRetry?.(policy, tries, failure.timeout, response, allowed) ?? allowed)) return undefined
  return Math.min((policy.backoff === 'linear' ? 1 : 2 ** tries) * policy.retryDelayMs, policy.maxRetryDelayMs)
}
