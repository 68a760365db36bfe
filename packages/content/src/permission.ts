import { UnauthorisedError, type Policy } from '@shoal/interface'

/**
 * Why a content must not be opened or served here, `undefined` when it may: a token can be judged when the policy names the tenant that
 * signs it, and where a node is can be known from its token alone. What asks for more is for nobody.
 */
export function refusalOf ({ token, residency }: Policy): UnauthorisedError | undefined {
  if (token === true) return new UnauthorisedError('the content is only for those who show a token, and its policy names no tenant whose tokens count')
  if (residency === undefined || typeof token === 'string') return undefined
  return new UnauthorisedError(`the content may only be held in ${residency.join(', ')}, and its policy names no tenant whose tokens say where a node is`)
}
