/** The lazy part of the page: the node and all that it needs. */
import { createShoal } from 'shoal'
import type { Shoal } from '@shoal/interface'
import type { PageConfig } from '../reports.js'

/** A node of this tab alone: its own identity, its store in memory, nothing shared with other tabs. */
export async function startNode (config: PageConfig): Promise<Shoal> {
  return await createShoal({ bootstrap: config.bootstrap, iceServers: [], share: false })
}
