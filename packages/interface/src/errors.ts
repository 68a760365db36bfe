import type { TokenFault } from './access.js'

/** Every error that Shoal throws on purpose: a stable `code`, and a message that says what was expected, what came and what to do. */
export abstract class ShoalError extends Error {
  abstract override readonly name: string
  abstract readonly code: string
}

/** A link that cannot be read. */
export class InvalidLinkError extends ShoalError {
  override readonly name = 'InvalidLinkError'
  readonly code = 'ERR_INVALID_LINK'
}

/** An option, a configuration file or a flag with a value that makes no sense. */
export class ConfigError extends ShoalError {
  override readonly name = 'ConfigError'
  readonly code = 'ERR_CONFIG'
}

/** No such path in a content, or nobody in reach has the content. */
export class NotFoundError extends ShoalError {
  override readonly name = 'NotFoundError'
  readonly code = 'ERR_NOT_FOUND'
}

/** It exists, but no source can give it now. */
export class UnavailableError extends ShoalError {
  override readonly name = 'UnavailableError'
  readonly code = 'ERR_UNAVAILABLE'
}

/** It was part of a live content, and is no more. */
export class RetiredError extends ShoalError {
  override readonly name = 'RetiredError'
  readonly code = 'ERR_RETIRED'
}

/** Its publisher has taken it back: all of a content, or this part of it. */
export class PurgedError extends ShoalError {
  override readonly name = 'PurgedError'
  readonly code = 'ERR_PURGED'
}

/** A manifest that is malformed, absurd, or not signed by its publisher. */
export class ManifestError extends ShoalError {
  override readonly name = 'ManifestError'
  readonly code = 'ERR_MANIFEST'
}

/** Only others may: the policy asks for what this node cannot show, a token or a region; or only the publisher can do it. */
export class UnauthorisedError extends ShoalError {
  override readonly name = 'UnauthorisedError'
  readonly code = 'ERR_UNAUTHORISED'
}

/** A token, or a tenant's list of revoked ones, that does not count. `reason` says why in one word. */
export class TokenError extends ShoalError {
  override readonly name = 'TokenError'
  readonly code = 'ERR_TOKEN'
  readonly reason: TokenFault
  constructor (message: string, reason: TokenFault = 'malformed', options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** A page of a manifest was asked for before it was loaded: a fault of the caller. */
export class PageNotLoadedError extends ShoalError {
  override readonly name = 'PageNotLoadedError'
  readonly code = 'ERR_PAGE_NOT_LOADED'
}

/** Bytes that do not hash to what they should. */
export class BlockMismatchError extends ShoalError {
  override readonly name = 'BlockMismatchError'
  readonly code = 'ERR_BLOCK_MISMATCH'
}

/** Bytes from a peer that are not the protocol: too long, truncated, out of range. */
export class WireError extends ShoalError {
  override readonly name = 'WireError'
  readonly code = 'ERR_WIRE'
}

/** The quota or the disk is full and nothing can be evicted. */
export class StoreFullError extends ShoalError {
  override readonly name = 'StoreFullError'
  readonly code = 'ERR_STORE_FULL'
}

/** The store's medium failed. */
export class StoreError extends ShoalError {
  override readonly name = 'StoreError'
  readonly code = 'ERR_STORE'
}

/** Another process owns the data folder. */
export class DataInUseError extends ShoalError {
  override readonly name = 'DataInUseError'
  readonly code = 'ERR_DATA_IN_USE'
}

/** An address cannot be listened on: in use, not permitted, or of a transport whose native part is missing. */
export class ListenError extends ShoalError {
  override readonly name = 'ListenError'
  readonly code = 'ERR_LISTEN'
}

/** None of the bootstrap nodes could be reached. */
export class BootstrapError extends ShoalError {
  override readonly name = 'BootstrapError'
  readonly code = 'ERR_BOOTSTRAP'
}

/** The origin failed: no connection, a status that is no success, a body that is not what was asked for. */
export class OriginError extends ShoalError {
  override readonly name = 'OriginError'
  readonly code = 'ERR_ORIGIN'
  /** HTTP status, `undefined` when none came. */
  readonly status: number | undefined
  constructor (message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** A file or folder to publish cannot be read, or changed while it was. */
export class PublishError extends ShoalError {
  override readonly name = 'PublishError'
  readonly code = 'ERR_PUBLISH'
}
