/** A record that cannot be read. It is dropped: nothing is known of that peer any more. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly code = 'ERR_LEDGER'
}
