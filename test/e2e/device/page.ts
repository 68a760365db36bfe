/** A page with a node, that tells what it shares and why. */

import { createShoal, type Content, type Mode, type Shoal, type Sharing } from 'shoal'

export interface Viewer {
  open (options: { link: string, bootstrap: string[], mode: Mode }): Promise<void>
  /** What the last `mode` event said. */
  said (): string
  allow (sharing: Sharing): void
  /** Bytes that came, within `ms` if that is given. */
  read (path: string, ms?: number): Promise<number>
  /** As if the device said so, where no protocol of the browser makes it. */
  pretend (facts: { saveData?: boolean, type?: string }): void
  hide (hidden: boolean): void
}

let node: Shoal | undefined
let content: Content | undefined
let last = ''

const viewer: Viewer = {
  async open ({ link, bootstrap, mode }) {
    node = await createShoal({ bootstrap, mode, share: false })
    node.addEventListener('mode', ({ detail: { mode, sharing, reason } }) => { last = `${mode} ${sharing}: ${reason}` })
    content = await node.open(link)
  },

  said: () => last,

  allow (sharing) { node?.setSharing(sharing) },

  async read (path, ms) {
    let bytes = 0
    const signal = ms === undefined ? undefined : AbortSignal.timeout(ms)
    try {
      for await (const chunk of content?.read(path, { signal }) ?? []) bytes += chunk.byteLength
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
    return bytes
  },

  pretend (facts) {
    const { connection } = navigator as unknown as { connection: EventTarget }
    for (const [name, value] of Object.entries(facts)) Object.defineProperty(connection, name, { configurable: true, value })
    connection.dispatchEvent(new Event('change'))
  },

  hide (hidden) {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })
    document.dispatchEvent(new Event('visibilitychange'))
  }
}

Object.assign(globalThis, { viewer })
