/** What of WebTorrent 3 is used here; it has no types of its own. */
declare module 'webtorrent' {
  import type { EventEmitter } from 'node:events'

  export interface Torrent extends EventEmitter {
    readonly name: string
    readonly torrentFile: Uint8Array
    /** Payload bytes: sent, received, and of these such as were new and good. */
    readonly uploaded: number
    readonly received: number
    readonly downloaded: number
    addPeer (address: string): boolean
  }

  export default class WebTorrent extends EventEmitter {
    constructor (options: Readonly<Record<string, unknown>>)
    readonly torrentPort: number
    seed (path: string, options: { announce: string[] }, onseed: (torrent: Torrent) => void): Torrent
    add (torrentFile: Uint8Array, options: { path: string, announce: string[] }): Torrent
  }
}

/** And of the tracker. */
declare module 'bittorrent-tracker/server' {
  import type { EventEmitter } from 'node:events'
  import type { Server as HttpServer } from 'node:http'

  export default class Server extends EventEmitter {
    constructor (options: Readonly<Record<string, unknown>>)
    readonly http: HttpServer
    listen (port: number, host: string, onlistening: () => void): void
  }
}
