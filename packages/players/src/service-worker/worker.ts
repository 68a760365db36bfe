/**
 * The worker's side: routes requests of pages to the node in the page that makes them. All that a worker needs:
 *
 * ```ts
 * import { routeRequests } from '@shoal/players/service-worker/worker'
 *
 * routeRequests(self)
 * self.addEventListener('activate', event => { event.waitUntil(self.clients.claim()) })
 * ```
 *
 * @packageDocumentation
 */
import { systemClock, type Clock } from '@shoal/base'
import { Router } from './router.js'
import type { FetchEventLike, MessageEventLike, WorkerScope } from './types.js'

export type { WorkerScope } from './types.js'

/**
 * Answers GET requests of pages that call `serveWorker`, where they lie below its base; all others, navigations too, are left to the
 * browser as if this were not there. Other `fetch` listeners of the worker may stand before or behind it.
 *
 * @param scope `self`
 */
export function routeRequests (scope: WorkerScope, options: { clock?: Clock | undefined } = {}): void {
  const router = new Router(scope, options.clock ?? systemClock)
  scope.addEventListener('message', (event: MessageEventLike) => { router.heard(event) })
  scope.addEventListener('fetch', (event: FetchEventLike) => {
    const answer = router.route(event)
    if (answer !== undefined) event.respondWith(answer)
  })
}
