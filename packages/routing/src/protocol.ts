/** What the nodes of a network's DHT speak: libp2p's Kademlia, under a name of its own, so that networks stay apart. */
export function dhtProtocol (network: string): string {
  return `/shoal/${network}/kad/1.0.0`
}
