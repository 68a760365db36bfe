/** As much of Shaka Player as the adapter uses; the library itself and its `Player` fit. */

export interface ShakaRequest {
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly retryParameters?: { readonly timeout?: number }
}

export interface ShakaResponse {
  uri: string
  originalUri: string
  data: ArrayBuffer | ArrayBufferView
  status?: number
  headers: Record<string, string>
  timeMs?: number
  fromCache?: boolean
  originalRequest: unknown
}

export interface ShakaOperation {
  readonly promise: Promise<ShakaResponse>
  abort (): Promise<unknown>
}

export type ShakaProgress = (ms: number, bytes: number, remaining: number) => void

/* eslint-disable @typescript-eslint/no-explicit-any -- what the adapter hands on and never looks at differs from version to version */
export type ShakaSchemePlugin = (
  uri: string, request: any, type: number, progress: ShakaProgress, headersReceived: (headers: any) => void, config: any
) => any

/** Of the context that request filters get. */
export interface ShakaContext {
  readonly type?: number | undefined
  readonly segment?: { getStartTime (): number, getEndTime (): number } | null | undefined
}

type RequestFilter = (type: number, request: any, context?: any) => void | Promise<any>

export interface ShakaLibrary {
  readonly net: {
    readonly NetworkingEngine: {
      registerScheme (scheme: string, plugin: ShakaSchemePlugin, priority?: number, progressSupport?: boolean): void
      readonly RequestType: { readonly MANIFEST: number, readonly SEGMENT: number }
      readonly AdvancedRequestType: { readonly INIT_SEGMENT: number }
    }
    readonly HttpFetchPlugin: { parse: ShakaSchemePlugin }
  }
  readonly util: {
    readonly AbortableOperation: new (promise: Promise<any>, onabort: () => Promise<any>) => any
    readonly Error: {
      new (severity: number, category: number, code: number, ...data: any[]): unknown
      readonly Severity: { readonly RECOVERABLE: number }
      readonly Category: { readonly NETWORK: number }
      readonly Code: { readonly OPERATION_ABORTED: number }
    }
  }
}
/* eslint-enable @typescript-eslint/no-explicit-any */

export interface ShakaPlayer {
  getMediaElement (): HTMLMediaElement | null
  getNetworkingEngine (): {
    registerRequestFilter (filter: RequestFilter): void
    unregisterRequestFilter (filter: RequestFilter): void
  } | null
}
