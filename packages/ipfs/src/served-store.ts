import type { Blockstore, InputPair, Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { NotFoundError } from '@shoal/interface'
import type { Bridge } from 'shoal/bridge'
import { digestOf, inlined } from './digest.js'
import type { Shelf } from './shelf.js'

/** For whom bytes that go to the IPFS world count at the node's upload limits. */
const NAME = 'ipfs'

/** The node's store as Bitswap may read it: what is on the shelf, at the rate that the node gives. Nothing can be written. */
export function servedStore (bridge: Bridge, shelf: Shelf, signal: AbortSignal): Blockstore {
  const refuse = (): never => { throw new NotFoundError('what peers may read here is read-only') }
  async function * get (cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = inlined(cid) ?? await shelf.get(digestOf(cid))
    // a block that is not given is as good as none: the other end asks somebody else
    if (bytes === undefined || !await bridge.lend(NAME, bytes.byteLength, signal)) throw missing(cid)
    yield bytes
  }
  return {
    async has (cid) {
      try {
        return inlined(cid) !== undefined || await shelf.has(digestOf(cid))
      } catch {
        return false
      }
    },
    get,
    async * getMany (cids) {
      for await (const cid of cids) yield { cid, bytes: get(cid) } satisfies Pair
    },
    async * getAll () {},
    put: async () => refuse(),

    async * putMany (_: Iterable<InputPair> | AsyncIterable<InputPair>) { refuse() },
    delete: async () => refuse(),

    async * deleteMany () { refuse() }
  }
}

/** By its name Helia knows it. */
function missing (cid: CID): Error {
  return new NotFoundError(`${cid} is not given here`)
}
