/** Characters of a token: what a JOIN takes. A longer one is not looked at. */
export const MAX_TOKEN_CHARACTERS = 4_096

/** Characters of a list of revoked tokens: what a REVOKED message takes. */
export const MAX_REVOCATIONS_CHARACTERS = 65_536

/** A token counts for so long before its first and after its last second: clocks differ. */
export const CLOCK_SKEW_S = 60

/** Limits of claims: contents and path prefixes in a token, characters of a path, of a name (an id, a role, a region). */
export const MAX_CONTENTS = 64
export const MAX_PATHS = 64
export const MAX_PATH_CHARACTERS = 1_024
export const MAX_NAME_CHARACTERS = 128

/** Seconds since 1970 in a claim: the year 9999. */
export const MAX_TIME_S = 253_402_300_799

/** `typ` in the header, so that neither kind of statement passes for the other, nor for a token made for something else. */
export const TOKEN_TYPE = 'shoal+jwt'
export const REVOCATIONS_TYPE = 'shoal-revocations+jwt'

/** The one algorithm: EdDSA over Ed25519 (RFC 8037). */
export const ALGORITHM = 'EdDSA'
