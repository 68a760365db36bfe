/** A service worker with nothing but Shoal. */

import { routeRequests, type WorkerScope } from '@shoal/players/service-worker/worker'

interface Scope extends WorkerScope {
  readonly clients: WorkerScope['clients'] & { claim (): Promise<void> }
  skipWaiting (): Promise<void>
}

const scope = globalThis as unknown as Scope
routeRequests(scope)
scope.addEventListener('install', () => { void scope.skipWaiting() })
scope.addEventListener('activate', (event: { waitUntil (until: Promise<void>): void }) => { event.waitUntil(scope.clients.claim()) })
