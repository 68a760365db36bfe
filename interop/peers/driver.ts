/** What the partners in JavaScript have in common: JSON lines in and out, the process ends with its input. */

import { createInterface } from 'node:readline'

type Do = (args: Record<string, unknown>) => Promise<unknown>

/** @param start makes the peer of its configuration: who it is, and what it can be asked */
export async function drive (start: (config: Record<string, unknown>) => Promise<{ peer: string, addrs: string[], commands: Record<string, Do> }>): Promise<void> {
  const { peer, addrs, commands } = await start(JSON.parse(process.argv[2] ?? '{}') as Record<string, unknown>)
  const say = (line: object): void => { process.stdout.write(`${JSON.stringify(line)}\n`) }
  say({ ready: { peer, addrs } })
  createInterface({ input: process.stdin }).on('line', text => {
    const { id, do: what, ...args } = JSON.parse(text) as { id: number, do: string } & Record<string, unknown>
    const command = commands[what]
    const work = command === undefined ? Promise.reject(new Error(`there is no command ${what}`)) : command(args)
    work.then(ok => { say({ id, ok }) }, (error: unknown) => { say({ id, error: String(error instanceof Error ? error.stack : error) }) })
  }).on('close', () => { process.exit() })
}

interface Node {
  peerId: { toString (): string }
  getConnections (): { remotePeer: { toString (): string }, remoteAddr: { toString (): string }, direction: string, encryption?: string, multiplexer?: string }[]
  getMultiaddrs (): { toString (): string }[]
  dial (addr: unknown): Promise<unknown>
  peerStore: { get (peer: unknown): Promise<{ protocols: string[], metadata: Map<string, Uint8Array> }> }
  services: { ping: { ping (peer: unknown): Promise<number> } }
}

/** What any js-libp2p can be asked. */
export function common (node: Node, multiaddr: (text: string) => unknown): Record<string, Do> {
  const find = (peer: unknown) => {
    const found = node.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
    if (found === undefined) throw new Error(`not connected to ${String(peer)}`)
    return found
  }
  const connection = ({ remotePeer, remoteAddr, direction, encryption = '', multiplexer = '' }: ReturnType<Node['getConnections']>[number]) =>
    ({ peer: remotePeer.toString(), addr: remoteAddr.toString(), direction, security: encryption, muxer: multiplexer })
  return {
    addrs: async () => node.getMultiaddrs().map(String),
    connections: async () => node.getConnections().map(connection),
    async dial ({ addrs }) {
      await node.dial(multiaddr((addrs as string[])[0] ?? ''))
      return {}
    },
    async identify ({ peer }) {
      for (;;) {
        const { protocols, metadata } = await node.peerStore.get(find(peer).remotePeer)
        const agent = metadata.get('AgentVersion')
        if (agent !== undefined && protocols.length > 0) return { agent: new TextDecoder().decode(agent), protocols, addrs: [] }
        await new Promise(resolve => { setTimeout(resolve, 20) })
      }
    },
    ping: async ({ peer }) => ({ ms: await node.services.ping.ping(find(peer).remotePeer) })
  }
}
