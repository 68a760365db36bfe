import type { FallbackReason } from './types.js'

/** A load that failed, as a player wants to hear of it. */
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

/** The origin has other bytes than the manifest says, and nobody has given the right ones. */
export class MismatchFailure extends LoadFailure {
  constructor (path: string) {
    super(`the origin's ${path} is not what the manifest says`, 0)
  }
}

/** Why Shoal was given up. */
export function reasonOf (error: unknown): FallbackReason {
  if (error instanceof MismatchFailure) return 'mismatch'
  if (error instanceof LoadFailure && error.timeout) return 'stalled'
  return (error as { code?: unknown } | undefined)?.code === 'ERR_NOT_FOUND' ? 'not-found' : 'failed'
}

export function asError (error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
