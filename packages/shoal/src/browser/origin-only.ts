import {
  UnavailableError, type Collected, type Content, type FallbackDetail, type ManifestSummary, type NodeStatus, type Published,
  type PurgeResult, type Shoal, type ShoalEvents
} from '@shoal/interface'
import { TypedEventEmitter } from 'main-event'

const TOTAL = { fromPeers: 0, fromOrigin: 0, uploaded: 0, wasted: 0 }

/** What a page without a secure context gets: nothing can be verified without WebCrypto, so everything comes from the origin. */
class OriginOnly extends TypedEventEmitter<ShoalEvents> implements Shoal {
  readonly peerId = ''
  readonly addrs = []
  readonly contents = []
  readonly ledger = []
  readonly status: NodeStatus = {
    peerId: '', addrs: [], connections: 0, uptime: 0, store: { used: 0, quota: 0 }, contents: [], peers: [], total: TOTAL,
    profile: { capacity: 0, downRate: undefined, upRate: undefined },
    upload: { rate: 0, rateNow: 0, slots: 0, month: 0, monthly: 0, yield: false }
  }

  /** Nothing is given anyway. */
  setUpload (): void {}

  readonly sharing = 'off'

  setSharing (): void {}

  async publish (): Promise<Published> {
    throw insecure()
  }

  async publishBytes (): Promise<Published> {
    throw insecure()
  }

  async open (): Promise<Content> {
    throw insecure()
  }

  async pin (): Promise<ManifestSummary> {
    throw insecure()
  }

  async unpin (): Promise<ManifestSummary> {
    throw insecure()
  }

  async purge (): Promise<PurgeResult[]> {
    throw insecure()
  }

  async collect (): Promise<Collected> {
    return { blocks: 0, bytes: 0 }
  }

  async revoke (): Promise<boolean> {
    throw insecure()
  }

  async fetch (input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const detail: FallbackDetail = {
      content: '', path: input instanceof Request ? input.url : String(input), from: 'peer', to: 'origin', reason: 'no-secure-context'
    }
    this.dispatchEvent(new CustomEvent('fallback', { detail }))
    return await globalThis.fetch(input, init)
  }

  async stop (): Promise<void> {}
}

function insecure (): UnavailableError {
  return new UnavailableError('Shoal needs a secure context for WebCrypto: serve the page over https or from loopback; `fetch` asks the origin alone')
}

export function originOnly (): Shoal {
  return new OriginOnly()
}
