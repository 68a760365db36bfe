import type { LoaderConfiguration, LoaderResponse } from 'hls.js'
import type { LoadFailure } from '../core/failure.js'

type Policy = NonNullable<LoaderConfiguration['loadPolicy']['errorRetry']>

/** Milliseconds to wait before the next try, or undefined when hls.js' policy allows none: 4xx and failures without a status are final. */
export function retryDelay (policy: Policy | null, tries: number, failure: LoadFailure, url: string): number | undefined {
  if (policy === null) return undefined
  const worth = failure.timeout || (failure.status !== 0 && (failure.status < 400 || failure.status > 499))
  const allowed = tries < policy.maxNumRetry && worth
  const response: LoaderResponse = { url, data: undefined as never, code: failure.status }
  if (!(policy.shouldRetry?.(policy, tries, failure.timeout, response, allowed) ?? allowed)) return undefined
  return Math.min((policy.backoff === 'linear' ? 1 : 2 ** tries) * policy.retryDelayMs, policy.maxRetryDelayMs)
}
