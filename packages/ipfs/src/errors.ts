import { ShoalError } from '@shoal/interface'

/** A source gave a block that does not hash to its CID, or a CAR file that is not what was asked for. */
export class WrongBytesError extends ShoalError {
  override readonly name = 'WrongBytesError'
  readonly code = 'ERR_WRONG_BYTES'
}

/** A CID, codec or hash that is not understood here. */
export class UnsupportedCidError extends ShoalError {
  override readonly name = 'UnsupportedCidError'
  readonly code = 'ERR_UNSUPPORTED_CID'
}
