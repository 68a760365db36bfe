/** A growable set of small integers that can be intersected 32 at a time, and 1024 at a time where either is empty. */
export class Bits {
  // as many as V8 keeps in the object itself: of small contents there are dozens of these for each swarm
  words = new Uint32Array(16)
  /** One bit for each word that is not 0. */
  summary = new Uint32Array(1)
  count = 0

  has (i: number): boolean {
    return (((this.words[i >>> 5] ?? 0) >>> (i & 31)) & 1) === 1
  }

  add (i: number): void {
    const at = i >>> 5
    if (at >= this.words.length) {
      const size = Math.max(Math.ceil((at + 1) / 32), 2 * this.summary.length)
      this.words = grown(this.words, 32 * size)
      this.summary = grown(this.summary, size)
    }
    if (this.has(i)) return
    this.words[at] = (this.words[at] as number) | (1 << (i & 31))
    this.summary[at >>> 5] = (this.summary[at >>> 5] as number) | (1 << (at & 31))
    this.count++
  }

  delete (i: number): void {
    if (!this.has(i)) return
    const at = i >>> 5
    this.count--
    if ((this.words[at] = (this.words[at] as number) & ~(1 << (i & 31))) !== 0) return
    this.summary[at >>> 5] = (this.summary[at >>> 5] as number) & ~(1 << (at & 31))
  }
}

function grown (from: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(size)
  to.set(from)
  return to
}

/** The first member of both sets in [from, to), or -1. */
export function nextCommon (a: Bits, b: Bits, from: number, to: number): number {
  let at = from >>> 5
  let found = lowest(a.words, b.words, at, at + 1, -1 << (from & 31))
  // a word of both that is not 0 may still have no common bit
  for (let word = at + 1; found < 0 && 32 * word < to; word = at + 1) {
    at = lowest(a.summary, b.summary, word >>> 5, (to + 1023) >>> 10, -1 << (word & 31))
    if (at < 0) return -1
    found = lowest(a.words, b.words, at, at + 1, -1)
  }
  return found < to ? found : -1
}

/** The lowest common bit of the words [at, end), only those of `mask` in the first, or -1. */
function lowest (a: Uint32Array, b: Uint32Array, at: number, end: number, mask: number): number {
  const last = Math.min(end, a.length, b.length)
  for (let first = mask; at < last; at++, first = -1) {
    const word = (a[at] as number) & (b[at] as number) & first
    if (word !== 0) return (at << 5) + 31 - Math.clz32(word & -word)
  }
  return -1
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
