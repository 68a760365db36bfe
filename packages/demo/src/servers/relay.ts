import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createShoal } from 'shoal'
import type { Shoal } from '@shoal/interface'

/** The relay of the demo, which can be killed and comes back as the same node at the same address. */
export interface Relay {
  readonly peerId: string
  readonly addrs: readonly string[]
  readonly down: boolean
  set (down: boolean): Promise<void>
  close (): Promise<void>
}

export async function startRelay (): Promise<Relay> {
  const data = await mkdtemp(join(tmpdir(), 'shoal-demo-relay-'))
  const start = async (listen: readonly string[]): Promise<Shoal> =>
    await createShoal({ data, listen, server: true, store: { kind: 'memory' }, policy: { replication: 0 } })
  let node: Shoal | undefined = await start(['/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/tcp/0'])
  const { peerId, addrs } = node
  const listen = addrs.map(addr => addr.replace(/\/p2p\/.*$/, ''))
  let turn: Promise<void> = Promise.resolve()
  const change = async (down: boolean): Promise<void> => {
    if (down && node !== undefined) {
      const going = node
      node = undefined
      await going.stop()
    } else if (!down && node === undefined) {
      node = await start(listen)
    }
  }
  return {
    peerId,
    addrs,
    get down () { return node === undefined },
    // whoever is impatient waits for the change before
    set (down) { return turn = turn.catch(() => {}).then(async () => { await change(down) }) },
    async close () {
      await turn.catch(() => {})
      await change(true)
      await rm(data, { recursive: true, force: true })
    }
  }
}
