/** A Helia node as the benches run it: see `helia.ts`. */

import { join } from 'node:path'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { FsBlockstore } from 'blockstore-fs'
import { createHeliaLight } from 'helia'

export { unixfs } from '@helia/unixfs'
export { multiaddr } from '@multiformats/multiaddr'
export { CID } from 'multiformats/cid'

export async function heliaNode (folder: string) {
  const helia = withBitswap(withLibp2pLight(createHeliaLight({ blockstore: new FsBlockstore(join(folder, 'blocks')) }), {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 2 * 1024 * 1024 } })],
    connectionMonitor: { enabled: false },
    services: { identify: identify() }
  }))
  await helia.start()
  return helia
}
