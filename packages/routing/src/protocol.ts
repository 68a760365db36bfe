const DHT = /^\/shoal\/([^/]+)\/kad\/1\.0\.0$/

/** What the nodes of a network's DHT speak: libp2p's Kademlia, under a name of its own, so that networks stay apart. */
export function dhtProtocol (network: string): string {
  return `/shoal/${network}/kad/1.0.0`
}

/** The networks whose DHT somebody serves who speaks these protocols: none, for who serves no DHT. */
export function networksOf (protocols: readonly string[]): string[] {
  return protocols.flatMap(protocol => DHT.exec(protocol)?.[1] ?? [])
}
