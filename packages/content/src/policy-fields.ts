import { ManifestError, type Policy } from '@shoal/interface'
import { expect, readInt, readList, readMap, readText, show } from './manifest-fields.js'
import { isTenantKey } from './tenant-key.js'

/** Limits of a policy: 100 years, copies, names in a list, and bytes of a name. */
const MAX_TTL_S = 3_155_760_000
const MAX_REPLICATION = 1_000
const MAX_NAMES = 64
const MAX_NAME_CHARACTERS = 256

/** Readers of the fields, by name: what is not here is not understood. */
const FIELDS: { readonly [K in keyof Policy]-?: (value: unknown) => NonNullable<Policy[K]> } = {
  ttl: value => readInt(value, 'the ttl of the policy', 1, MAX_TTL_S),
  residency: value => readNames(value, 'the residency of the policy'),
  token: value => {
    expect(typeof value === 'boolean' || isTenantKey(value), () => {
      return `expected the token of the policy to be true, false or a tenant's Ed25519 key (12D3Koo…), got ${show(value)}`
    })
    return value
  },
  replication: value => readInt(value, 'the replication of the policy', 0, MAX_REPLICATION),
  tags: value => readNames(value, 'the tags of the policy'),
  renditions: value => readList(value, 'the renditions of the policy', MAX_NAMES).map(group => readNames(group, 'a group of renditions', 1_024)),
  significantQuery: value => readNames(value, 'the significant query of the policy')
}

/**
 * Reads the policy of a manifest. A field that is not known is refused: who may have the content is never ignored.
 *
 * @throws ManifestError
 */
export function readPolicy (value: unknown): Policy {
  if (value === undefined) return {}
  const policy: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(readMap(value, 'the policy'))) {
    expect(Object.hasOwn(FIELDS, name), () => `the manifest has a policy with ${show(name)}, which this version of Shoal cannot apply`)
    policy[name] = FIELDS[name as keyof Policy](field)
  }
  return policy
}

/** What is wrong with a policy, or `undefined` when it is good. */
export function policyFault (policy: Policy): string | undefined {
  try {
    readPolicy(encodePolicy(policy))
    return undefined
  } catch (error) {
    if (error instanceof ManifestError) return error.message
    throw error
  }
}

/** As the root holds it: without what is not asked. */
export function encodePolicy (policy: Policy): Record<string, unknown> {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined))
}

function readNames (value: unknown, what: string, max = MAX_NAME_CHARACTERS): string[] {
  return readList(value, what, MAX_NAMES).map(item => {
    const name = readText(item, `a name in ${what}`)
    expect(name !== '' && name.length <= max && name.isWellFormed(), () => {
      return `expected a name in ${what} to have 1 to ${max} characters, got ${show(name)}`
    })
    return name
  })
}
