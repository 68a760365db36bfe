import type { Clock } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import { IGD_ANSWER_BYTES, IGD_TIMEOUT_MS } from '../../defaults.js'

/** What a router says when it does not do what it was asked. `code` as in WANIPConnection:2 §2.5.21. */
export class GatewayError extends UnavailableError {
  readonly fault: number

  constructor (action: string, fault: number) {
    super(`the router refused ${action}: expected success, got fault ${fault}`)
    this.fault = fault
  }
}

interface Service { readonly type: string, readonly control: URL }

const SERVICE = /^urn:schemas-upnp-org:service:WAN(?:IPConnection:[12]|PPPConnection:1)$/

/** The service of a router by which ports are mapped; of version 1 as well as 2, which knows all that is asked for here. */
export class Device {
  readonly #service: Service
  readonly #clock: Clock

  private constructor (service: Service, clock: Clock) {
    this.#service = service
    this.#clock = clock
  }

  /** @throws UnavailableError when there is no such service, or the answer is none */
  static async at (location: URL, clock: Clock, signal: AbortSignal): Promise<Device> {
    const description = await text(location, {}, clock, signal)
    for (const part of description.split('<service>').slice(1)) {
      const [service = ''] = part.split('</service>', 1)
      const [type, path] = [valueOf(service, 'serviceType'), valueOf(service, 'controlURL')]
      if (type === undefined || path === undefined || !SERVICE.test(type) || !URL.canParse(path, location)) continue
      const control = new URL(path, location)
      // a router speaks for itself: it must not send us to another machine
      if (control.protocol === 'http:' && control.hostname === location.hostname) return new Device({ type, control }, clock)
    }
    throw new UnavailableError('the router maps no ports: expected a WANIPConnection or WANPPPConnection of its own')
  }

  /** @throws GatewayError, UnavailableError */
  async ask (action: string, values: Readonly<Record<string, string | number>>, signal: AbortSignal): Promise<string> {
    const { type, control } = this.#service
    const body = '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
      's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
      `<u:${action} xmlns:u="${type}">${Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</u:${action}>` +
      '</s:Body></s:Envelope>'
    const answer = await text(control, {
      method: 'POST', headers: { 'content-type': 'text/xml; charset="utf-8"', 'soapaction': `"${type}#${action}"` }, body
    }, this.#clock, signal)
    const fault = valueOf(answer, 'errorCode')
    if (fault !== undefined) throw new GatewayError(action, Number(fault))
    if (!answer.includes(`${action}Response`)) throw new UnavailableError(`the router did not answer ${action}`)
    return answer
  }
}

/** The text of an element that has no others in it, with whatever namespace. */
export function valueOf (xml: string, name: string): string | undefined {
  return new RegExp(`<(?:\\w+:)?${name}(?:\\s[^<>]{0,200})?>([^<]{0,500})</`).exec(xml)?.[1]?.trim()
}

async function text (url: URL, init: RequestInit, clock: Clock, signal: AbortSignal): Promise<string> {
  const late = new AbortController()
  const cancel = clock.after(IGD_TIMEOUT_MS, () => { late.abort(new UnavailableError(`the router did not answer within ${IGD_TIMEOUT_MS} ms`)) })
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.any([signal, late.signal]) })
    // faults come with status 500
    if (!response.ok && response.status !== 500) throw new UnavailableError(`the router answered ${response.status}`)
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of response.body ?? []) {
      size += part.byteLength
      if (size > IGD_ANSWER_BYTES) throw new UnavailableError(`the router says more than ${IGD_ANSWER_BYTES} bytes`)
      parts.push(part)
    }
    return Buffer.concat(parts).toString()
  } finally {
    cancel()
  }
}
