/**
 * Shoal under everything that a page loads: media elements, native players, images, downloads. A service worker catches the requests and
 * asks the node in the page, since WebRTC exists in pages only. This is the page's side; `@shoal/players/service-worker/worker` is the
 * worker's.
 *
 * ```ts
 * import { serveWorker } from '@shoal/players/service-worker'
 *
 * await navigator.serviceWorker.register('/worker.js')
 * serveWorker(navigator.serviceWorker, () => createShoal(), { link, base: 'https://cdn.example.com/show/' })
 * ```
 *
 * @packageDocumentation
 */
import { systemClock } from '@shoal/base'
import { ContentSource, type NodeSource } from '../core/source.js'
import { PageSide } from './page-side.js'
import { MARK, type Serve, type Who } from './protocol.js'
import type { WithContent } from '../core/types.js'
import type { ServiceWorkerOptions, WorkerContainer } from './types.js'

export type { FallbackReason, FallbackReport, RequestReport } from '../core/types.js'

export type { ServiceWorkerOptions, WorkerContainer } from './types.js'

/**
 * Answers the worker that controls this page, and whichever follows it.
 *
 * @param container `navigator.serviceWorker`
 * @param shoal a node, a promise of one, or a function that gives either: it is called when the page's first request, playlists apart, has
 *   gone to the network, and again as long as it gives `undefined`. Not needed with `content`
 * @returns what ends it: what is under way breaks off, and the worker goes to the network
 */
export function serveWorker (container: WorkerContainer, shoal: NodeSource, options: WithContent<ServiceWorkerOptions>): () => void {
  const clock = options.clock ?? systemClock
  const source = new ContentSource(shoal, options, clock)
  const base = new URL(options.base, (globalThis.location as Location | undefined)?.href).href
  const sides: PageSide[] = []
  const serve = (): void => {
    const { controller } = container
    if (controller === null) return
    for (const side of sides.splice(0)) side.end()
    const { port1, port2 } = new MessageChannel()
    sides.push(new PageSide(port1, source, options, clock))
    controller.postMessage({ [MARK]: 'serve', bases: [base] } satisfies Serve, [port2])
  }
  const onmessage = (event: Event): void => {
    if (((event as MessageEvent).data as Partial<Who> | null)?.[MARK] === 'who') serve()
  }
  container.addEventListener('controllerchange', serve)
  container.addEventListener('message', onmessage)
  container.startMessages?.()
  serve()
  return () => {
    container.removeEventListener('controllerchange', serve)
    container.removeEventListener('message', onmessage)
    for (const side of sides.splice(0)) side.end()
  }
}
