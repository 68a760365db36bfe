import fc from 'fast-check'

export const SWARM = 'ab'.repeat(32)

/** The part of a JWT that holds this. */
export function encode (value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

export function decode (part: string): Record<string, unknown> {
  return JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>
}

export function claimsOf (token: string): Record<string, unknown> {
  return decode(token.split('.')[1] ?? '')
}

/** A JWT with a claim or header changed, a character exchanged, something cut off or put in, or none at all. */
export function tampered (good: string): fc.Arbitrary<string> {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const at = fc.nat(good.length - 2)
  const claim = fc.constantFrom('iss', 'sub', 'jti', 'nbf', 'exp', 'role', 'swarms', 'paths', 'region', 'seq', 'tokens', 'peers')
  return fc.oneof(
    fc.tuple(at, fc.constantFrom(...'Aa0-_.=')).map(([i, char]) => good.slice(0, i) + char + good.slice(i + 1)),
    fc.tuple(at, at).map(([i, j]) => good.slice(0, i) + good.slice(j)),
    fc.tuple(claim, fc.jsonValue()).map(([name, value]) => `${header}.${encode({ ...decode(payload), [name]: value })}.${signature}`),
    fc.tuple(fc.constantFrom('alg', 'typ', 'crit', 'b64', 'kid', 'jwk'), fc.jsonValue()).map(
      ([name, value]) => `${encode({ ...decode(header), [name]: value })}.${payload}.${signature}`
    ),
    fc.string(),
    fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map(parts => parts.join('.').replaceAll('=', ''))
  )
}
