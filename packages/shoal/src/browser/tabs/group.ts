import { hash32 } from '@shoal/base'
import type { ShoalOptions } from '@shoal/interface'
import { TAB_PROTOCOL } from './protocol.js'

/** Names of what the tabs of a group share: locks and channels. */
export interface GroupNames {
  /** Of the group's channel, and of the lock that its leader holds. */
  readonly group: string
  /** Of the lock of who has the identity and the store, whatever the group. */
  readonly keeper: string
}

/**
 * Tabs are of one group when one node can serve them all: the same version of what they say to each other, and the same options. What the
 * user may change as it runs, and the mode, which each content is opened with, do not count; nor does who gives tokens, for functions do
 * not compare.
 */
export function groupOf (options: ShoalOptions): GroupNames {
  const { network = 'shoal', sharing: _sharing, upload: _upload, mode: _mode, token, ...rest } = options
  const shared = { ...rest, token: typeof token === 'string' ? token : typeof token }
  const ordered = JSON.stringify(Object.entries(shared).filter(([, value]) => value !== undefined).sort(([a], [b]) => a < b ? -1 : 1))
  return { group: `shoal-tabs:${network}/${TAB_PROTOCOL}/${hash32(ordered).toString(36)}`, keeper: `shoal-keeper:${network}` }
}
