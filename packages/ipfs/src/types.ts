import type { Published, PublishOptions } from '@shoal/interface'
import type { CarFile } from './car.js'

export interface IpfsInit {
  /** Trustless gateways to fetch from, http(s) URLs without `/ipfs`. Never filled in by itself. @default [] */
  readonly gateways?: readonly string[] | undefined
  /** Speak Bitswap with connected peers, as server and client. @default true */
  readonly bitswap?: boolean | undefined
  /** @default the global fetch */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A source gave something wrong or nothing, or a content could not be made known; it goes on without. @default nothing */
  readonly onfailure?: ((error: Error, doing: string) => void) | undefined
}

export interface IpfsReadOptions {
  /** First byte. @default 0 */
  start?: number | undefined
  /** Byte after the last. @default the file's size */
  end?: number | undefined
  signal?: AbortSignal | undefined
}

export interface IpfsPublishOptions extends Omit<PublishOptions, 'copy' | 'live'> {
  /** Take the blocks from this CAR file. @default from peers and gateways */
  car?: CarFile | undefined
}

/** What a node is to the IPFS world. Paths are `<CID>`, `<CID>/path`, or either after `/ipfs/` or `ipfs://`. */
export interface Ipfs {
  /** Connects to a peer, by a multiaddr that ends in its `/p2p/`: whoever is connected is asked for blocks. */
  connect (addr: string, options?: { signal?: AbortSignal | undefined }): Promise<void>
  /**
   * One verified block.
   *
   * @throws UnsupportedCidError its hash is not SHA-256, UnavailableError nobody gave it for a minute, WrongBytesError what came is not it
   */
  block (cid: string, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array>
  /** Bytes of a file, verified, in order, as they come. @throws NotFoundError no such path, ConfigError a directory, and as `block` */
  cat (path: string, options?: IpfsReadOptions): AsyncIterable<Uint8Array>
  /** Publishes what lies there as a content of this node, copied into its store. @throws as `cat` and `Shoal.publish` */
  publish (path: string, options?: IpfsPublishOptions): Promise<Published>
  /** The same from a CAR file with one root. @throws CarError it has none or several, or lacks a block; WrongBytesError */
  importCar (car: CarFile, options?: Omit<IpfsPublishOptions, 'car'>): Promise<Published>
  /** Answers a trustless gateway's requests, `/ipfs/…`, with what is public here. */
  handle (request: Request): Promise<Response>
  /** The node itself goes on. */
  stop (): Promise<void>
}
