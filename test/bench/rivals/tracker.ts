/** The tracker that p2p-media-loader's peers meet at: a process of its own, which tells its parent where it listens and ends with it. */
import type { AddressInfo } from 'node:net'
import Server from 'bittorrent-tracker/server'

const server = new Server({ http: true, ws: true, udp: false, stats: false, interval: 5_000 })
server.on('error', error => { throw error })
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `ws://127.0.0.1:${(server.http.address() as AddressInfo).port}` })
})
process.on('disconnect', () => { process.exit() })
