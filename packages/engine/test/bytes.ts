import { seededRandom } from '@shoal/base'

export function randomBytes (size: number, seed = 1): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length: size }, () => random() * 256)
}
