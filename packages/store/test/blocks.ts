import { seededRandom } from '@shoal/base'
import { hashBlock } from '@shoal/content'
import type { VerifiedBlock } from '@shoal/interface'

/** A page of the stores on disk: block sizes in it make the arithmetic of quotas plain. */
export const PAGE = 4096

/** The same block for the same number. */
export async function block (seed: number, size = PAGE): Promise<VerifiedBlock> {
  const random = seededRandom(seed)
  return hashBlock(Uint8Array.from({ length: size }, () => random() * 256))
}

export async function blocks (count: number, size = PAGE): Promise<VerifiedBlock[]> {
  return Promise.all(Array.from({ length: count }, (_, seed) => block(seed, size)))
}

/** The error that a promise is rejected with. */
export async function failure (promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('expected a failure')
}
