import * as errors from '@shoal/interface'

/** An error on its way between tabs, which would lose its class there. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** Of a token; of an origin. */
  readonly reason?: string | undefined
  readonly status?: number | undefined
}

/** The tab that has the node does not answer, or is gone. Nobody else sees this one: what was asked is asked again elsewhere. */
export class LeaderGoneError extends errors.UnavailableError {}

const GONE = 'ERR_LEADER_GONE'
const ABORTED = 'ABORT_ERR'

const CLASSES: Readonly<Record<string, new (message: string) => Error>> = Object.fromEntries([
  errors.BlockMismatchError, errors.BootstrapError, errors.ConfigError, errors.DataInUseError, errors.InvalidLinkError, errors.ListenError,
  errors.ManifestError, errors.NotFoundError, errors.PublishError, errors.PurgedError, errors.RetiredError, errors.StoreError,
  errors.StoreFullError, errors.UnauthorisedError, errors.UnavailableError, errors.WireError
].map(make => [new make('').code, make]))

export function gone (message: string): Failure {
  return { code: GONE, message }
}

export function toFailure (error: unknown): Failure {
  const { name, message = String(error), code, reason, status } = error as Partial<Failure> & { name?: string }
  return {
    code: name === 'AbortError' ? ABORTED : typeof code === 'string' ? code : '',
    message,
    ...typeof reason === 'string' && { reason },
    ...typeof status === 'number' && { status }
  }
}

export function fromFailure ({ code, message, reason, status }: Failure): Error {
  if (code === GONE) return new LeaderGoneError(message)
  if (code === ABORTED) return new DOMException(message, 'AbortError')
  if (code === 'ERR_TOKEN') return new errors.TokenError(message, reason as errors.TokenFault | undefined)
  if (code === 'ERR_ORIGIN') return new errors.OriginError(message, status)
  const make = CLASSES[code]
  return make === undefined ? new Error(message) : new make(message)
}
