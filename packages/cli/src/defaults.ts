import { homedir, networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** Fixed ports of `serve`, next to each other and unassigned by IANA. */
const SERVE_TCP_PORT = 4701
const SERVE_WS_PORT = 4702
const SERVE_WEBRTC_PORT = 4703
export const GATEWAY_ADDRESS = '127.0.0.1:4780'
export const METRICS_ADDRESS = '127.0.0.1:4781'

/** `fetch` gives up after this long without a new byte. */
export const FETCH_TIMEOUT_S = 60

/** How often a command that goes on says how it stands. */
export const REPORT_INTERVAL_MS = 1000
/** Progress over a control socket. */
export const REMOTE_PROGRESS_INTERVAL_MS = 250
/** Goodbyes to peers may take this long when a node stops. */
export const STOP_TIMEOUT_MS = 10_000

/** A folder that is in use but has no control socket yet belongs to a process that is just starting: how long to wait for it. */
export const ATTACH_TIMEOUT_MS = 5000
export const ATTACH_RETRY_MS = 200
export const CONTROL_REQUEST_BYTES = 64 * 1024
export const CONTROL_MAX_CONNECTIONS = 32
/** `sun_path` has 104 bytes on macOS and the BSDs, 108 on Linux, the closing zero included. */
export const SOCKET_PATH_BYTES = 103

/** Where `serve` listens: TCP, WebSockets and WebRTC-Direct on every interface; IPv6 only on machines that have it. */
export function serveListen (): string[] {
  const families = new Set(Object.values(networkInterfaces()).flatMap(addresses => (addresses ?? []).map(address => address.family)))
  const hosts = families.has('IPv6') ? ['/ip4/0.0.0.0', '/ip6/::'] : ['/ip4/0.0.0.0']
  return hosts.flatMap(host => [
    `${host}/tcp/${SERVE_TCP_PORT}`, `${host}/tcp/${SERVE_WS_PORT}/ws`, `${host}/udp/${SERVE_WEBRTC_PORT}/webrtc-direct`
  ])
}

/** Data folder of `serve`, by the platform's convention. */
export function defaultDataFolder (env: Readonly<Record<string, string | undefined>>, platform = process.platform): string {
  const xdg = env['XDG_DATA_HOME']
  if (xdg !== undefined && xdg !== '') return join(xdg, 'shoal')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'shoal')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'shoal')
  return join(homedir(), '.local', 'share', 'shoal')
}
