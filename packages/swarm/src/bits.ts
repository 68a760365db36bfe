/** A growable set of small integers that can be intersected 32 at a time. */
export class Bits {
  words = new Uint32Array(8)
  count = 0

  has (i: number): boolean {
    return (((this.words[i >>> 5] ?? 0) >>> (i & 31)) & 1) === 1
  }

  add (i: number): void {
    const at = i >>> 5
    if (at >= this.words.length) {
      const grown = new Uint32Array(Math.max(at + 1, 2 * this.words.length))
      grown.set(this.words)
      this.words = grown
    }
    if (this.has(i)) return
    this.words[at] = (this.words[at] as number) | (1 << (i & 31))
    this.count++
  }

  delete (i: number): void {
    if (!this.has(i)) return
    this.words[i >>> 5] = (this.words[i >>> 5] as number) & ~(1 << (i & 31))
    this.count--
  }
}

/** The first member of both sets in [from, to), or -1. */
export function nextCommon (a: Bits, b: Bits, from: number, to: number): number {
  const wa = a.words
  const wb = b.words
  const last = Math.min(wa.length, wb.length, (to + 31) >>> 5)
  let at = from >>> 5
  if (at >= last) return -1
  let word = (wa[at] as number) & (wb[at] as number) & (-1 << (from & 31))
  for (;;) {
    if (word !== 0) {
      const found = (at << 5) + 31 - Math.clz32(word & -word)
      return found < to ? found : -1
    }
    if (++at >= last) return -1
    word = (wa[at] as number) & (wb[at] as number)
  }
}

const POPULATION = Uint8Array.from({ length: 256 }, (_, n) => {
  let bits = 0
  for (let rest = n; rest !== 0; rest &= rest - 1) bits++
  return bits
})

/** Number of bits set in a byte. */
export function population (byte: number): number {
  return POPULATION[byte] as number
}
