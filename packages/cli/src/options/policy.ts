import type { Policy } from '@shoal/interface'
import type { OptionName, Values } from './table.js'

/**
 * Options that go into the policy of what is published, under the same words but for `tag`, which is one of `tags`, and `require-token`,
 * which is the `token`.
 */
export const POLICY_OPTIONS = [
  'ttl', 'replication', 'residency', 'tag', 'renditions', 'significantQuery', 'require-token'
] as const satisfies readonly OptionName[]

/** What is asked of those who have the content; `undefined` when nothing is. */
export function policyOf (values: Values): Policy | undefined {
  const { ttl, replication, residency, tag, renditions, significantQuery, 'require-token': token } = values
  const groups = renditions?.map(group => group.split(','))
  const asked = { ttl, replication, residency, tags: tag, renditions: groups, significantQuery, token }
  const policy: Policy = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
  return Object.keys(policy).length === 0 ? undefined : policy
}
