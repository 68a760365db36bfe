import { serveWorker } from '../src/service-worker/index.js'
import { routeRequests } from '../src/service-worker/worker.js'
import type { NodeSource } from '../src/core/source.js'
import type { FetchEventLike, MessageEventLike, WorkerContainer, WorkerScope } from '../src/service-worker/types.js'
import type { Got, Running, SeatOptions } from './seat.js'

export interface WorkerStub {
  /** Waits for what the page has said to be heard by the worker. */
  readonly ready: Promise<void>
  readonly page: { readonly heard: unknown[] }
  load (url: string, headers?: Record<string, string>): Running
  /** The raw answer; undefined when the worker leaves the request alone. */
  fetch (url: string, init?: RequestInit, clientId?: string): Promise<Response> | undefined
  /** The worker was stopped and another has been started. */
  restart (): void
  /** The page is too busy to hear anything. */
  mute (): void
  /** Ends the page's side. */
  end (): void
}

/** A page and its worker, without a browser. The worker's clock stands still unless it is moved. */
export function workerStub (
  network: typeof globalThis.fetch, shoal: NodeSource, options: SeatOptions, serve = true
): WorkerStub {
  const heard: unknown[] = []
  const toPage = new EventTarget()
  const client = {
    postMessage (message: unknown) {
      heard.push(message)
      toPage.dispatchEvent(new MessageEvent('message', { data: message }))
    }
  }
  let listeners = new Map<string, (event: never) => void>()
  const start = (): void => {
    listeners = new Map()
    const scope: WorkerScope = {
      clients: { get: async id => id === 'page' ? client : undefined },
      fetch: async request => await network(request),
      addEventListener (type, listener) { listeners.set(type, listener) }
    }
    routeRequests(scope, { clock: options.clock })
  }
  start()
  const lines: MessagePort[] = []
  const container: WorkerContainer = {
    controller: {
      postMessage (data: unknown, ports: unknown) {
        const [port] = ports as [MessagePort]
        lines.push(port)
        const event: MessageEventLike = { data, source: { id: 'page' }, ports: [port] }
        listeners.get('message')?.(event as never)
      }
    },
    addEventListener (type, listener) { if (type === 'message') toPage.addEventListener('message', listener) },
    removeEventListener (type, listener) { if (type === 'message') toPage.removeEventListener('message', listener) }
  }
  const { media: _media, ...rest } = options
  const end = serve ? serveWorker(container, shoal, rest as never) : () => {}
  const fetch: WorkerStub['fetch'] = (url, init = {}, clientId = 'page') => {
    let answer: Promise<Response> | undefined
    const event: FetchEventLike = { request: new Request(url, init), clientId, respondWith (response) { answer = response } }
    listeners.get('fetch')?.(event as never)
    return answer
  }
  return {
    ready: new Promise(resolve => { setTimeout(resolve, 0) }),
    page: { heard },
    fetch,
    restart: start,
    mute () { for (const port of lines) port.postMessage = () => {} },
    end,
    load (url, headers = {}) {
      const stop = new AbortController()
      const run = async (): Promise<Got> => {
        try {
          const init = { headers, signal: stop.signal }
          const response = await (fetch(url, init) ?? network(new Request(url, init)))
          if (!response.ok) return { kind: 'error', status: response.status }
          return { kind: 'success', bytes: await response.bytes(), status: response.status }
        } catch {
          return stop.signal.aborted ? { kind: 'abort' } : { kind: 'error', status: 0 }
        }
      }
      const aborted = new Promise<Got>(resolve => { stop.signal.addEventListener('abort', () => { resolve({ kind: 'abort' }) }) })
      return { done: Promise.race([run(), aborted]), abort () { stop.abort() } }
    }
  }
}
