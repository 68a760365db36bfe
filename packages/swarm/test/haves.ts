import type { HaveDelta, HaveMap } from '@shoal/interface'

/** A have-map for tests: sets of numbers, no bounds. The real one lives a layer beside. */
export function testHaves (blocks: (segment: number) => number, full = false): HaveMap {
  const held = new Map<number, Set<number>>()
  const lacking = (): never => { throw new Error('not part of these tests') }
  const set = (segment: number): Set<number> => {
    let found = held.get(segment)
    if (found === undefined) held.set(segment, found = new Set(full ? Array.from({ length: blocks(segment) }, (_, i) => i) : []))
    return found
  }
  return {
    has: (segment, block) => full ? block < blocks(segment) : held.get(segment)?.has(block) ?? false,
    complete: segment => full || held.get(segment)?.size === blocks(segment),
    some: segment => full || (held.get(segment)?.size ?? 0) > 0,
    add (segment, block) {
      if (set(segment).has(block)) return false
      set(segment).add(block)
      return true
    },
    addSegment (segment) {
      for (let block = 0; block < blocks(segment); block++) set(segment).add(block)
      return true
    },
    remove: (segment, block) => set(segment).delete(block),
    drop: segment => held.delete(segment),
    get completeSegments () { return full ? Infinity : [...held].filter(([segment, found]) => found.size === blocks(segment)).length },
    apply: (_: HaveDelta) => lacking(),
    snapshot: () => lacking(),
    takeDelta: () => lacking()
  }
}
