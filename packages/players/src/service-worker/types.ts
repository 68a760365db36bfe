import type { PlayerOptions } from '../core/types.js'

export interface ServiceWorkerOptions extends Omit<PlayerOptions, 'media'> {
  /** URL under which the content's paths lie. The worker asks for nothing else. */
  base: string
  /**
   * How soon what is asked for is needed, in milliseconds: the worker cannot know.
   *
   * @default 2000
   */
  deadline?: number | undefined
}

/** As much of `navigator.serviceWorker` as is used. */
export interface WorkerContainer {
  readonly controller: Pick<ServiceWorker, 'postMessage'> | null
  addEventListener (type: 'controllerchange' | 'message', listener: (event: Event) => void): void
  removeEventListener (type: 'controllerchange' | 'message', listener: (event: Event) => void): void
  startMessages? (): void
}

/** As much of a `ServiceWorkerGlobalScope` as is used: `self` in a worker fits. */
export interface WorkerScope {
  readonly clients: { get (id: string): Promise<{ postMessage (message: unknown): void } | undefined> }
  fetch (input: Request): Promise<Response>
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- events that only the library of workers knows
  addEventListener (type: string, listener: (event: any) => void): void
}

export interface FetchEventLike {
  readonly request: Request
  readonly clientId: string
  respondWith (response: Promise<Response>): void
}

export interface MessageEventLike {
  readonly data: unknown
  readonly source: { readonly id?: string } | null
  readonly ports: readonly MessagePort[]
}
