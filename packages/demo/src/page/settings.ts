import type { Shoal } from '@shoal/interface'
import type { PageConfig, Show } from '../reports.js'

/** The settings that this viewer runs with, in the words of `createShoal`. */
export function fillSettings (list: HTMLElement, config: PageConfig, show: Show, shoal: Shoal): void {
  const rows: [string, string][] = [
    ['Peer', shoal.peerId],
    ['Link', show.link],
    ['bootstrap', config.bootstrap.join('\n')],
    ['origin', show.origin],
    ['iceServers', 'none: nobody outside is asked'],
    ['share', 'false: this tab has its own identity and a store in memory']
  ]
  list.replaceChildren(...rows.flatMap(([name, value]) => [
    Object.assign(document.createElement('dt'), { textContent: name }),
    Object.assign(document.createElement('dd'), { textContent: value })
  ]))
}
