import { refusalOf } from '@shoal/content'
import { ConfigError, type Policy } from '@shoal/interface'
import type { Config } from './config.js'

/**
 * A content with this policy can be judged by others, and this node can be judged by them.
 *
 * @throws UnauthorisedError when the policy asks for what no node can judge
 * @throws ConfigError when it asks for a token, and this node has none to show: nobody would take anything from it
 */
export function assertPublishable (policy: Policy, { token }: Pick<Config, 'token'>): void {
  const refusal = refusalOf(policy)
  if (refusal !== undefined) throw refusal
  if (typeof policy.token === 'string' && token === undefined) {
    throw new ConfigError(`token: the content asks for a token of ${policy.token}, and this node has none to show: give it one`)
  }
}
