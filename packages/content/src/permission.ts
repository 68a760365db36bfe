import { UnauthorisedError, type Policy } from '@shoal/interface'

/**
 * Why a content must not be opened or served here, `undefined` when it may: neither tokens nor regions are judged by a node, so what asks
 * for them is for nobody.
 */
export function refusalOf ({ token, residency }: Policy): UnauthorisedError | undefined {
  if (token === true) return new UnauthorisedError('the content is only for those who show a token, which this version of Shoal cannot judge')
  if (residency === undefined) return undefined
  return new UnauthorisedError(`the content may only be held in ${residency.join(', ')}, and this node does not know where it is`)
}
