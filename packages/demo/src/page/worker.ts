/** The service worker of the page: what is below the base of the files comes from the node in the page. */
import { routeRequests, type WorkerScope } from '@shoal/players/service-worker/worker'

const scope = globalThis as unknown as WorkerScope & { clients: { claim (): Promise<void> }, skipWaiting (): Promise<void> }

routeRequests(scope)
scope.addEventListener('install', () => { void scope.skipWaiting() })
scope.addEventListener('activate', (event: { waitUntil (work: Promise<unknown>): void }) => { event.waitUntil(scope.clients.claim()) })
