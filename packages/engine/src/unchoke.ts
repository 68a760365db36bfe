import type { PeerName } from '@shoal/interface'
import { OPTIMISTIC_MS, SLOT_TURN_MS } from './defaults.js'

/** A peer that asks for blocks. */
export interface Asker {
  readonly peer: PeerName
  /** It has a slot; otherwise it waits for one. */
  readonly served: boolean
  /** When its turn, or its waiting, began. */
  readonly since: number
  /** It has its slot although it earned none. */
  readonly optimistic: boolean
  /** Slot time that it had, over its claim: whoever has least is owed most. */
  readonly pass: number
  /** What it may ask for in proportion to the others' claims: what it gave. */
  readonly claim: number
  /** Nothing was given or taken yet. */
  readonly fresh: boolean
  /** It says that it is a phone: it can give little, and may wait less. */
  readonly weak: boolean
}

export interface Choice<A> {
  readonly regular: readonly A[]
  readonly optimistic: readonly A[]
}

/**
 * Who has a slot. Pure; asked whenever somebody comes or goes, and every second while there is contention.
 *
 * - While there is room for all, all are served.
 * - Where nobody gave anything, as for a seed, everybody is served in turn.
 * - Otherwise slots go to those who gave, for times in proportion to what they gave (PropShare: Levin et al., "BitTorrent is an Auction",
 *   SIGCOMM 2008), and an eighth of them, one at least, goes by turns to the others: to newcomers first, then to phones.
 *
 * @param contended more is asked for than the rate allows: slots alone would not hold back those who gave nothing
 */
export function unchoke<A extends Asker> (askers: readonly A[], slots: number, contended: boolean, now: number): Choice<A> {
  const claimants = askers.filter(({ claim }) => claim > 0)
  if (claimants.length === 0) return { regular: inTurns(askers, slots > 1, now).slice(0, slots), optimistic: [] }
  if (!contended && askers.length <= slots) return { regular: askers, optimistic: [] }
  const room = openSlots(slots, askers.length - claimants.length, contended, now)
  const regular = inProportion(claimants, now).slice(0, slots - room)
  const chosen = new Set(regular)
  const others = askers.filter(asker => !chosen.has(asker))
  const optimistic = byHope(others, now).slice(0, room)
  // what the claimants leave over costs nobody anything
  const spare = contended ? [] : inTurns(others.filter(asker => !optimistic.includes(asker)), false, now)
  return { regular: [...regular, ...spare.slice(0, slots - room - regular.length)], optimistic }
}

/**
 * Slots for those who gave nothing. A single slot is theirs for a third of the time. Where the rate is scarce it is one: whoever has a slot
 * takes what the others leave for a moment, and that adds up.
 */
function openSlots (slots: number, open: number, contended: boolean, now: number): number {
  if (open === 0) return 0
  if (slots <= 1) return slots === 1 && Math.floor(now / SLOT_TURN_MS) % 3 === 0 ? 1 : 0
  if (contended) return 1
  return Math.max(1, Math.min(Math.floor(slots / 8), Math.ceil(open / 4)))
}

/** Those whose turn is not over, then whoever is owed most. */
function inProportion<A extends Asker> (claimants: readonly A[], now: number): A[] {
  const running = ({ served, optimistic, since }: A): boolean => served && !optimistic && now - since < SLOT_TURN_MS
  return claimants.toSorted((a, b) => Number(running(b)) - Number(running(a)) || a.pass - b.pass || a.since - b.since)
}

/**
 * First those whose turn is not over, then whoever waits longest; whoever was served longest makes room first.
 *
 * @param welcome one newcomer at a time need not wait: more would pay for coming under a new name again and again
 */
function inTurns<A extends Asker> (askers: readonly A[], welcome: boolean, now: number): A[] {
  const group = ({ served, since }: A): number => !served ? 1 : now - since < SLOT_TURN_MS ? 0 : 2
  const order = askers.toSorted((a, b) => group(a) - group(b) || (group(a) === 2 ? b.since - a.since : a.since - b.since))
  if (!welcome || askers.some(({ served, fresh }) => served && fresh)) return order
  const at = order.findIndex(({ served, fresh }) => !served && fresh)
  return at <= 0 ? order : [order[at] as A, ...order.slice(0, at), ...order.slice(at + 1)]
}

/** For optimistic slots: those whose round is not over, newcomers, phones, the others; among equals whoever waits longest. */
function byHope<A extends Asker> (askers: readonly A[], now: number): A[] {
  const newcomer = askers.some(({ served, fresh }) => !served && fresh)
  const group = ({ served, optimistic, since, fresh, weak }: A): number => {
    // had its first block: the next newcomer need not wait for the rest of the round
    const round = newcomer && !fresh ? SLOT_TURN_MS : OPTIMISTIC_MS
    if (served && optimistic) return now - since < round ? 0 : 4
    return fresh ? 1 : weak ? 2 : 3
  }
  return askers.toSorted((a, b) => group(a) - group(b) || a.since - b.since)
}
