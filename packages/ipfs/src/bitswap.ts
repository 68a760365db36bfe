import { withBitswap } from '@helia/bitswap'
import type { BlockBroker } from '@helia/interface'
import type { HeliaWithLibp2p } from '@helia/libp2p'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import * as sha2 from 'multiformats/hashes/sha2'
import { NotFoundError } from '@shoal/interface'
import type { Bridge } from 'shoal/bridge'

export interface BitswapClient {
  /** A block from any connected peer. @throws when the signal aborts */
  want (cid: CID, signal: AbortSignal): Promise<Uint8Array>
  /** A block is here that may have been asked for before. */
  announce (cid: CID): void
  stop (): Promise<void>
}

/** The little of a Helia node that its Bitswap works with: our libp2p host, our blocks. A whole one would make a host of its own. */
interface Host {
  readonly libp2p: unknown
  readonly blockstore: Blockstore
  readonly routing: { findProviders (): AsyncGenerator<never> }
  readonly logger: unknown
  readonly getHasher: (code: number) => Promise<unknown>
  readonly status: 'starting'
  hasBlockBroker (): boolean
  addBlockBroker (broker: BlockBroker): void
  addMixin (mixin: { start? (host: Host): Promise<void> }): void
}

/**
 * Helia's Bitswap, server and client, on the node's own libp2p host. Peers are those that are connected: nobody is looked for, for no
 * address outside the configuration is ever contacted.
 */
export async function startBitswap ({ network }: Bridge, blockstore: Blockstore): Promise<BitswapClient> {
  let broker: (BlockBroker & { stop? (): Promise<void> }) | undefined
  let start: ((host: Host) => Promise<void>) | undefined
  const host: Host = {
    libp2p: network,
    blockstore,
    routing: { async * findProviders () {} },
    logger: (network as unknown as { logger: unknown }).logger,
    getHasher: async code => {
      if (code !== sha2.sha256.code) throw new NotFoundError(`expected SHA-256, got the hash 0x${code.toString(16)}`)
      return sha2.sha256
    },
    status: 'starting',
    hasBlockBroker: () => false,
    addBlockBroker: added => { broker = added },
    addMixin: mixin => { start = async host => { await mixin.start?.(host) } }
  }
  withBitswap(host as unknown as HeliaWithLibp2p)
  await start?.(host)
  if (broker?.retrieve === undefined) throw new Error('@helia/bitswap has changed: it added no block broker')
  const client = broker
  return {
    want: async (cid, signal) => await client.retrieve?.(cid, { signal }) as Uint8Array,
    announce: cid => { client.announce?.(cid).catch(() => {}) },
    stop: async () => { await client.stop?.() }
  }
}
