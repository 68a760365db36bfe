import { NotFoundError, type Published, type PublishOptions, type Shoal } from '@shoal/interface'
import { CID } from 'multiformats/cid'
import { bridgeOf, type Bridge } from 'shoal/bridge'
import { startBitswap, type BitswapClient } from './bitswap.js'
import type { CarFile } from './car.js'
import { CarError } from './car.js'
import { check, digestOf, inlined } from './digest.js'
import { bytesOf, filesOf, look } from './files.js'
import { Gateway } from './gateway-client.js'
import type { GetBlock } from './get-block.js'
import { answer } from './gateway-server.js'
import { servedStore } from './served-store.js'
import { Shelf } from './shelf.js'
import { Sources } from './sources.js'
import type { Ipfs, IpfsInit, IpfsPublishOptions, IpfsReadOptions } from './types.js'

const NEVER = new AbortController().signal

/** The bridge of one node. */
export class IpfsBridge implements Ipfs {
  readonly #bridge: Bridge
  readonly #shelf: Shelf
  readonly #sources: Sources
  readonly #bitswap: BitswapClient | undefined
  readonly #over: AbortController

  private constructor (bridge: Bridge, shelf: Shelf, sources: Sources, bitswap: BitswapClient | undefined, over: AbortController) {
    this.#bridge = bridge
    this.#shelf = shelf
    this.#sources = sources
    this.#bitswap = bitswap
    this.#over = over
  }

  static async start (shoal: Shoal, init: IpfsInit): Promise<IpfsBridge> {
    const bridge = bridgeOf(shoal)
    const onfailure = init.onfailure ?? ((): void => {})
    const gateways = (init.gateways ?? []).map(url => new Gateway(url, init.fetch ?? globalThis.fetch))
    const over = new AbortController()
    // what was wanted before it was here is given now
    const shelf = new Shelf(bridge, root => { bitswap?.announce(root) }, onfailure)
    const bitswap: BitswapClient | undefined = init.bitswap === false
      ? undefined
      : await startBitswap(bridge, servedStore(bridge, shelf, over.signal))
    const ipfs = new IpfsBridge(bridge, shelf, new Sources({ bridge, shelf, bitswap, gateways, onfailure }), bitswap, over)
    shelf.start()
    await shelf.refresh()
    return ipfs
  }

  async connect (addr: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { multiaddr } = await import('@multiformats/multiaddr')
    await this.#bridge.network.dial(multiaddr(addr), signal === undefined ? {} : { signal })
  }

  async block (cid: string, { signal = NEVER }: { signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    return await this.#sources.get(CID.parse(cid), this.#until(signal))
  }

  async * cat (path: string, { signal = NEVER, ...range }: IpfsReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const until = this.#until(signal)
    const { root, inside } = parsePath(path)
    yield * bytesOf(await look(root, inside, this.#get, until), this.#get, until, range)
  }

  async publish (path: string, options: IpfsPublishOptions = {}): Promise<Published> {
    const signal = this.#until(options.signal ?? NEVER)
    const { root, inside } = parsePath(path)
    const get = options.car === undefined ? this.#get : fromCar(options.car)
    // one request for all of it, where there is a gateway
    if (options.car === undefined && inside === '') await this.#sources.pull(root, signal)
    return await this.#publish(root, inside, get, { ...options, signal })
  }

  async importCar (car: CarFile, options: Omit<IpfsPublishOptions, 'car'> = {}): Promise<Published> {
    const [root, ...more] = await car.getRoots()
    if (root === undefined || more.length > 0) throw new CarError(`expected a CAR file with one root, got ${more.length + (root === undefined ? 0 : 1)}`)
    return await this.publish(root.toString(), { ...options, car })
  }

  async handle (request: Request): Promise<Response> {
    // a node that has just started would say of its own contents that it has none
    await this.#bridge.restored()
    return await answer(request, async (cid, signal) => {
      const within = inlined(cid)
      if (within !== undefined) return within
      const bytes = await this.#shelf.get(digestOf(cid))
      if (bytes === undefined || !await this.#bridge.lend('ipfs', bytes.byteLength, AbortSignal.any([signal, this.#over.signal]))) {
        throw new NotFoundError(`${cid} is not given here`)
      }
      return bytes
    })
  }

  async stop (): Promise<void> {
    this.#over.abort(new NotFoundError('the bridge is stopped'))
    await this.#bitswap?.stop()
    await this.#shelf.close()
  }

  async #publish (root: CID, inside: string, get: GetBlock, options: PublishOptions & { signal: AbortSignal }): Promise<Published> {
    const { signal } = options
    const entry = await look(root, inside, get, signal)
    const name = options.name ?? inside.split('/').findLast(part => part !== '') ?? root.toString()
    const files = []
    for await (const { path, entry: file } of filesOf(entry, name, get, signal)) {
      files.push({ path, size: Number(file.size), stream: (until: AbortSignal = signal) => bytesOf(file, get, until) })
    }
    const { origin, policy, onprogress } = options
    return await this.#bridge.publishFiles({
      name,
      kind: entry.type === 'directory' ? 'directory' : 'file',
      files,
      options: { copy: true, signal, origin, policy, onprogress }
    })
  }

  readonly #get: GetBlock = async (cid, signal) => await this.#sources.get(cid, signal)

  #until (signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#over.signal])
  }
}

/** Each block is hashed: a CAR file is a stranger's like any other. */
function fromCar (car: CarFile): GetBlock {
  return async cid => {
    const within = inlined(cid)
    if (within !== undefined) return within
    const block = await car.get(cid)
    if (block === undefined) throw new CarError(`expected block ${cid} in the CAR file, it is not there`)
    await check(cid, block.bytes, 'the CAR file')
    return block.bytes
  }
}

/** `<CID>`, `<CID>/path`, `/ipfs/<CID>/path`, `ipfs://<CID>/path`. */
function parsePath (text: string): { root: CID, inside: string } {
  const [first = '', ...rest] = text.replace(/^(\/ipfs\/|ipfs:\/\/)/, '').split('/')
  return { root: CID.parse(first), inside: rest.join('/') }
}
