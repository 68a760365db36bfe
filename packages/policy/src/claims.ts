import { TokenError } from '@shoal/interface'
import { MAX_CONTENTS, MAX_NAME_CHARACTERS, MAX_PATH_CHARACTERS, MAX_PATHS, MAX_TIME_S } from './defaults.js'
import type { Grant, Revocations } from './types.js'

/*
 * Readers of what a tenant signed: claims that are not known are ignored, those that are have to be what they should. All throw TokenError
 * `malformed` and nothing else.
 */

export type Claims = Readonly<Record<string, unknown>>

/** The public id of a content and, where the tenant keeps its swarms to itself, the id to join under. */
const SWARM_ENTRY = /^([0-9a-f]{64})(?::([0-9a-f]{64}))?$/

/** A list says one entry in this many characters at least, so its length bounds it. */
const MAX_REVOKED = 32_768

export function readGrant (claims: Claims): Grant {
  const [notBefore, expires] = [readTime(claims, 'nbf'), readTime(claims, 'exp')]
  check(notBefore < expires, () => `expected a token to begin before it ends, got ${notBefore} and ${expires}`)
  return {
    id: readName(claims['jti'], 'jti'),
    tenant: readName(claims['iss'], 'iss'),
    peer: readName(claims['sub'], 'sub'),
    role: readName(claims['role'], 'role'),
    region: claims['region'] === undefined ? undefined : readName(claims['region'], 'region'),
    swarms: claims['swarms'] === undefined ? undefined : new Map(readList(claims['swarms'], 'swarms', MAX_CONTENTS).map(readSwarm)),
    paths: claims['paths'] === undefined ? undefined : readList(claims['paths'], 'paths', MAX_PATHS).map(path => readText(path, 'paths', MAX_PATH_CHARACTERS)),
    notBefore,
    expires
  }
}

export function readRevocations (claims: Claims): Revocations {
  const sequence = claims['seq']
  check(typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence > 0, () => `expected seq to be a whole number above 0, got ${show(sequence)}`)
  return {
    sequence,
    tokens: new Set(readList(claims['tokens'], 'tokens', MAX_REVOKED).map(id => readName(id, 'tokens'))),
    peers: new Set(readList(claims['peers'], 'peers', MAX_REVOKED).map(peer => readName(peer, 'peers')))
  }
}

function readSwarm (value: unknown): readonly [string, string] {
  const parts = typeof value === 'string' ? SWARM_ENTRY.exec(value) : null
  check(parts !== null, () => `expected swarms to hold ids of 64 hex digits, alone or as public:derived, got ${show(value)}`)
  const [, id = '', derived = id] = parts
  return [id, derived]
}

function readTime (claims: Claims, name: string): number {
  const value = claims[name]
  check(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_TIME_S, () => {
    return `expected ${name} to be whole seconds since 1970, got ${show(value)}`
  })
  return value
}

function readName (value: unknown, what: string): string {
  const name = readText(value, what, MAX_NAME_CHARACTERS)
  check(name !== '', () => `expected ${what} to hold text, got none`)
  return name
}

function readText (value: unknown, what: string, most: number): string {
  check(typeof value === 'string' && value.length <= most && value.isWellFormed(), () => {
    return `expected ${what} to hold text of at most ${most} characters, got ${show(value)}`
  })
  return value
}

function readList (value: unknown, what: string, most: number): readonly unknown[] {
  check(Array.isArray(value) && value.length <= most, () => `expected ${what} to be a list of at most ${most}, got ${show(value)}`)
  return value as readonly unknown[]
}

function check (condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new TokenError(message())
}

/** A value in a message: short, whatever it is. */
function show (value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
