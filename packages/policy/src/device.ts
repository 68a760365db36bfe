import type { Sharing } from '@shoal/interface'

/** What a device says of itself. `undefined`: it does not say. */
export interface DeviceFacts {
  readonly phone: boolean
  /** The user asked for less data. */
  readonly saveData: boolean | undefined
  /** `cellular`, `wifi`, `ethernet`, … as the Network Information API names it. */
  readonly connection: string | undefined
  /** `slow-2g` to `4g`. */
  readonly effectiveType: string | undefined
  readonly battery: { readonly charging: boolean, readonly level: number } | undefined
  /** GiB. */
  readonly memory: number | undefined
  /** Nobody sees the page. */
  readonly hidden: boolean
  /** Its timers come much too late: the browser lets it sleep. */
  readonly sleepy: boolean
}

/** What a device can afford, and why not more. */
export interface Judgement {
  readonly sharing: Sharing
  readonly reason: string
}

/** Below it, and not charging, nothing is shared; below the second nothing is given. */
const LOW_BATTERY = 0.2
const HALF_BATTERY = 0.5
const LITTLE_MEMORY_GIB = 1
/** Connections that somebody may have to pay by the byte. */
const METERED: readonly unknown[] = ['cellular', 'bluetooth', 'wimax']
const SLOW: readonly unknown[] = ['slow-2g', '2g']

/** From the strictest down; the first that is true decides. */
const RULES: readonly { readonly sharing: Sharing, readonly reason: string, readonly when: (facts: DeviceFacts) => boolean }[] = [
  { sharing: 'off', reason: 'the user asked to save data', when: ({ saveData }) => saveData === true },
  { sharing: 'off', reason: 'the connection is metered', when: ({ connection }) => METERED.includes(connection) },
  { sharing: 'off', reason: 'the connection is slow', when: ({ effectiveType }) => SLOW.includes(effectiveType) },
  { sharing: 'off', reason: 'the battery is low', when: facts => drained(facts, LOW_BATTERY) },
  { sharing: 'download', reason: 'the battery is half empty', when: facts => drained(facts, HALF_BATTERY) },
  { sharing: 'download', reason: 'the device has little memory', when: ({ memory = Infinity }) => memory <= LITTLE_MEMORY_GIB },
  { sharing: 'download', reason: 'the page sleeps in the background', when: ({ hidden, sleepy }) => hidden && sleepy },
  { sharing: 'download', reason: 'the page of a phone is in the background', when: ({ phone, hidden }) => phone && hidden },
  // a phone that does not say may well be in a mobile network, or nearly empty; what stands on a desk is hardly ever either
  { sharing: 'download', reason: 'a phone does not say what it is connected to', when: ({ phone, connection }) => phone && isUnknown(connection) },
  { sharing: 'download', reason: 'a phone does not say how full its battery is', when: ({ phone, battery }) => phone && battery === undefined }
]

/** What a device can afford, and why not more. A pure function of what it says. */
export function judgeDevice (facts: DeviceFacts): Judgement {
  const { sharing = 'full', reason = 'nothing speaks against it' } = RULES.find(({ when }) => when(facts)) ?? {}
  return { sharing, reason }
}

function drained ({ battery }: DeviceFacts, level: number): boolean {
  return battery !== undefined && !battery.charging && battery.level < level
}

function isUnknown (connection: string | undefined): boolean {
  return connection === undefined || connection === 'unknown' || connection === 'other'
}
